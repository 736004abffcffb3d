"""Lines of regions: the same measures as of pixels, of sums over shares of pixels."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import final

import numpy as np
import xarray as xr

from hifred import dims
from hifred.errors import HifredError
from hifred.observations import FusionInput
from hifred.products.draws import DrawnCubes
from hifred.products.measure import measure_lines
from hifred.products.region_spectra import RegionSpectra
from hifred.products.settings import LineSettings
from hifred.regions import SkyRegion

REGION = "region"


def region_lines(
    cube: xr.Dataset,
    regions: Sequence[SkyRegion],
    settings: LineSettings,
    *,
    draws: DrawnCubes | None = None,
    line_spread: np.ndarray | None = None,
    fusion_input: FusionInput | None = None,
) -> xr.Dataset:
    """Return flux, velocity, width and equivalent width of lines in every region.

    Parameters
    ----------
    cube : Dataset
        As for `measure_lines`.
    regions : sequence of SkyRegion
        On the pixels of the cube; see `hifred.read_regions`.
    settings : LineSettings
        Of which binning, moments and ratios are not read.
    draws, line_spread
        As for `measure_lines`.
    fusion_input : FusionInput, optional
        What was fused. With it the spectra of the regions are corrected for what the
        prior moved between them: see `RegionLeaks`.

    Returns
    -------
    Dataset
        As that of `measure_lines`, with dims (line, region).

    Raises
    ------
    HifredError
        If there are no regions, or they lie on other pixels.
    """
    if not regions:
        raise HifredError("regions must hold at least one; got none.")
    reader = RegionSpectra.begin(cube, regions, fusion_input)
    summed = _row(reader.of(cube["flux"]), cube)
    kept = [n for n in ("energy_edges", "reference_exposure") if n in cube]
    spectra = cube[kept].drop_vars(dims.IMAGE, errors="ignore").assign(flux=summed)
    plain = replace(settings, binning="none", moments={}, ratios={})
    maps = measure_lines(
        spectra,
        plain,
        draws=None if draws is None else _RegionDraws(draws, reader, cube),
        line_spread=line_spread,
    )
    found = maps.isel({dims.Y: 0}, drop=True).rename({dims.X: REGION})
    names = [region.name for region in regions]
    return found.drop_vars("bin_number").assign_coords({REGION: names})


@final
@dataclass(frozen=True, eq=False)
class _RegionDraws:
    """Draws of a cube, as spectra of regions."""

    draws: DrawnCubes
    reader: RegionSpectra
    cube: xr.Dataset

    @property
    def count(self) -> int:
        return int(getattr(self.draws, "count", 0))

    @property
    def fit(self) -> xr.DataArray:
        return _row(self.reader.of(self.draws.fit), self.cube)

    def cubes(self) -> Iterator[xr.DataArray]:
        for spectra in self.reader.drawn(self.draws):
            yield _row(spectra, self.cube)


def _row(spectra: np.ndarray, cube: xr.Dataset) -> xr.DataArray:
    """Return spectra (region, energy) as a cube of one row, a column for each."""
    coords = {dims.ENERGY: cube[dims.ENERGY]} if dims.ENERGY in cube.coords else {}
    return xr.DataArray(spectra.T[:, None, :], coords, dims.SKY_CUBE)
