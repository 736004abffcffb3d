"""Lines of regions: the same measures as of pixels, of sums over shares of pixels."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import final

import numpy as np
import xarray as xr

from hifred import dims
from hifred.errors import HifredError
from hifred.products.draws import DrawnCubes
from hifred.products.measure import measure_lines
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

    Returns
    -------
    Dataset
        As that of `measure_lines`, with dims (line, region).

    Raises
    ------
    HifredError
        If there are no regions, or they lie on other pixels.
    """
    flux = cube["flux"].transpose(*dims.SKY_CUBE)
    weights = _weights(regions, flux.shape[1:])
    summed = _summed(flux, weights)
    kept = [n for n in ("energy_edges", "reference_exposure") if n in cube]
    spectra = cube[kept].drop_vars(dims.IMAGE, errors="ignore").assign(flux=summed)
    plain = replace(settings, binning="none", moments={}, ratios={})
    maps = measure_lines(
        spectra,
        plain,
        draws=None if draws is None else _RegionDraws(draws, weights),
        line_spread=line_spread,
    )
    found = maps.isel({dims.Y: 0}, drop=True).rename({dims.X: REGION})
    names = [region.name for region in regions]
    return found.drop_vars("bin_number").assign_coords({REGION: names})


@final
@dataclass(frozen=True, eq=False)
class _RegionDraws:
    """Draws of a cube, summed over regions."""

    draws: DrawnCubes
    weights: np.ndarray

    @property
    def count(self) -> int:
        return int(getattr(self.draws, "count", 0))

    @property
    def fit(self) -> xr.DataArray:
        return _summed(self.draws.fit, self.weights)

    def cubes(self) -> Iterator[xr.DataArray]:
        for cube in self.draws.cubes():
            yield _summed(cube, self.weights)


def _weights(regions: Sequence[SkyRegion], shape: tuple[int, ...]) -> np.ndarray:
    """Return the shares (region, pixel) of pixels in every region."""
    if not regions:
        raise HifredError("regions must hold at least one; got none.")
    for region in regions:
        if region.weights.shape != shape:
            raise HifredError(
                f"region {region.name!r} must lie on the cube's pixels, {shape}; got "
                f"{region.weights.shape}."
            )
    return np.stack([region.weights.to_numpy().ravel() for region in regions])


def _summed(flux: xr.DataArray, weights: np.ndarray) -> xr.DataArray:
    """Return the spectra of regions as a cube with one row and a column for each."""
    cube = flux.transpose(*dims.SKY_CUBE)
    spectra = cube.to_numpy().reshape(len(cube), -1).astype(float) @ weights.T
    coords = {dims.ENERGY: cube[dims.ENERGY]} if dims.ENERGY in cube.coords else {}
    return xr.DataArray(spectra[:, None, :], coords, dims.SKY_CUBE)
