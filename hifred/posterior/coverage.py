"""Shares of intervals that hold a known sky: of bands, of regions and of voxels."""

from collections.abc import Callable
from typing import final

import numpy as np
import scipy.stats

from hifred.measures import bright_pixels
from hifred.posterior.draws import Draws
from hifred.posterior.self_check import LEVELS

# Of the energies, for band images.
BANDS = 8
# Pixels along a side of a region, and the width of a bin of its spectrum.
REGION, REGION_BIN_KEV = 3, 5e-3
# Every so many energies enter the voxels.
EVERY = 7
Reading = Callable[[np.ndarray], np.ndarray]


@final
class Coverage:
    """How often the intervals of draws hold a sky that is known.

    Parameters
    ----------
    sky : (energy, y, x) array
        The truth, in flux.
    energy_edges : (energy + 1,) array, keV
    """

    def __init__(self, sky: np.ndarray, energy_edges: np.ndarray) -> None:
        self._sky = sky
        bin_width = float(np.mean(np.diff(energy_edges)))
        self._n_energies = max(1, min(round(REGION_BIN_KEV / bin_width), len(sky)))
        self._bright = bright_pixels(sky)
        shares = _in_regions(self._bright.astype(float)[None], 1)[0]
        self._bright_regions = shares > 0.5 * REGION**2

    def of(self, draws: Draws) -> dict[str, dict[int, float]]:
        """Return shares (0 to 1) by what is read from a cube, and level in per cent.

        Over bright pixels, that hold 95 % of the flux, and regions of them. Intervals
        are those of Student's t distribution about the fit: the spread of few draws is
        itself not well known.
        """
        drawn = [self.read(cube.to_numpy()) for cube in draws.cubes()]
        fit, sky = self.read(draws.fit.to_numpy()), self.read(self._sky)
        return {
            name: _shares(
                fit[name] - sky[name],
                np.std([d[name] for d in drawn], 0, ddof=1),
                len(drawn) - 1,
            )
            for name in sky
        }

    def read(self, cube: np.ndarray) -> dict[str, np.ndarray]:
        """Return bands, regions and voxels of a cube (energy, y, x).

        Each with energy as first dim, then all bright pixels, or regions, of the sky.
        """
        first = np.linspace(0, len(cube), min(BANDS, len(cube)), endpoint=False)
        bands = np.add.reduceat(cube, first.astype(int), axis=0)
        regions = _in_regions(cube, self._n_energies)
        return {
            "bands": bands[:, self._bright],
            "regions": regions[:, self._bright_regions],
            "voxels": cube[::EVERY, self._bright],
        }


def _in_regions(cube: np.ndarray, n_energies: int) -> np.ndarray:
    """Return sums over squares of pixels and runs of energies, ends left out."""
    n, n_rows, n_columns = (
        size // side
        for size, side in zip(cube.shape, (n_energies, REGION, REGION), strict=True)
    )
    whole = cube[: n * n_energies, : n_rows * REGION, : n_columns * REGION]
    parts = whole.reshape(n, n_energies, n_rows, REGION, n_columns, REGION)
    return np.asarray(parts.sum(axis=(1, 3, 5)))


def _shares(error: np.ndarray, spread: np.ndarray, n_free: int) -> dict[int, float]:
    half_widths = {
        level: scipy.stats.t.ppf(0.5 + level / 200, n_free) for level in LEVELS
    }
    return {
        level: float(np.mean(np.abs(error) <= half * spread)) if error.size else np.nan
        for level, half in half_widths.items()
    }
