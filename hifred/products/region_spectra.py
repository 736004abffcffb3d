"""Spectra of regions: of a cube and of its draws, over shares of pixels."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self, final

import numpy as np
import xarray as xr

from hifred import dims
from hifred.errors import HifredError
from hifred.observations import FusionInput
from hifred.products.draws import DrawnCubes
from hifred.products.region_leaks import RegionLeaks
from hifred.regions import SkyRegion

# Apart from the seeds of draws: each draw has noise of its own.
NOISE = 47


@final
@dataclass(frozen=True, eq=False)
class RegionSpectra:
    """How the spectra of regions are read from cubes.

    Parameters
    ----------
    weights : (region, pixel) array
        Shares of the cube's pixels.
    leaks : RegionLeaks or None
        What is corrected.
    """

    weights: np.ndarray
    leaks: RegionLeaks | None

    @classmethod
    def begin(
        cls,
        result: xr.Dataset,
        regions: Sequence[SkyRegion],
        fusion_input: FusionInput | None = None,
    ) -> Self:
        """Return what reads the spectra of regions on the pixels of a cube.

        Parameters
        ----------
        fusion_input : FusionInput, optional
            What was fused. With it spectra are corrected: see `RegionLeaks`.

        Raises
        ------
        HifredError
            If a region lies on other pixels, or the cube is not of this input.
        """
        shape = tuple(result.sizes[axis] for axis in dims.IMAGE)
        for region in regions:
            if region.weights.shape != shape:
                raise HifredError(
                    f"region {region.name!r} must lie on the cube's pixels, {shape}; "
                    f"got {region.weights.shape}."
                )
        weights = np.stack([region.weights.to_numpy().ravel() for region in regions])
        if fusion_input is None:
            return cls(weights, None)
        return cls(weights, RegionLeaks(result, regions, fusion_input))

    def of(
        self, cube: xr.DataArray, rng: np.random.Generator | None = None
    ) -> np.ndarray:
        """Return the spectra (region, energy) of a cube, photon cm-2 s-1 per bin.

        Parameters
        ----------
        cube : (energy, y, x) DataArray
        rng : Generator, optional
            For a draw: of the correction's noise.
        """
        flux = cube.transpose(*dims.SKY_CUBE).to_numpy()
        summed = self.weights @ flux.reshape(len(flux), -1).T.astype(float)
        return summed if self.leaks is None else summed + self.leaks.found(flux, rng)

    def drawn(self, draws: DrawnCubes) -> Iterator[np.ndarray]:
        """Yield the spectra (region, energy) of every draw."""
        for i_draw, cube in enumerate(draws.cubes()):
            yield self.of(cube, np.random.default_rng([NOISE, i_draw]))
