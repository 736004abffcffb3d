"""What is measured together: pixels, groups of pixels, or regions."""

from dataclasses import dataclass
from typing import final

import numpy as np
from scipy import sparse

from hifred.products.line_band import WINDOW, LineBand
from hifred.products.settings import LineSettings
from hifred.products.side_bands import line_moments
from hifred.products.voronoi import grouped_pixels


@final
@dataclass(frozen=True, eq=False)
class Bins:
    """Groups of pixels, and how their spectra are added.

    Parameters
    ----------
    number : (y, x) array of int
        The group of every pixel; -1 where it is in none.
    """

    number: np.ndarray

    @property
    def count(self) -> int:
        """Number of groups."""
        return int(self.number.max(initial=-1)) + 1

    def summed(self, spectra: np.ndarray) -> np.ndarray:
        """Return the spectra (group, bin) of pixels (bin, y, x) added up."""
        flat = spectra.reshape(len(spectra), -1)
        if self.count == self.number.size:
            return np.ascontiguousarray(flat.T)
        return np.ascontiguousarray(self._matrix @ flat.T)

    def spread(self, values: np.ndarray) -> np.ndarray:
        """Return values (group,) as a map (y, x); NaN where there is no group."""
        padded = np.append(np.asarray(values, float), np.nan)
        return padded[self.number]

    @property
    def _matrix(self) -> sparse.csr_array:
        members = np.flatnonzero(self.number.ravel() >= 0)
        rows = self.number.ravel()[members]
        shape = (self.count, self.number.size)
        return sparse.csr_array((np.ones(len(members)), (rows, members)), shape=shape)


def pixel_bins(shape: tuple[int, int]) -> Bins:
    """Return every pixel as a group of its own."""
    return Bins(np.arange(shape[0] * shape[1]).reshape(shape))


def line_bins(
    spectra: np.ndarray, exposure: np.ndarray, band: LineBand, settings: LineSettings
) -> Bins:
    """Return the groups that the settings ask for.

    Parameters
    ----------
    spectra : (bin, y, x) array, photon cm-2 s-1
    exposure : (bin,) array, cm2 s
    band : LineBand
    settings : LineSettings

    Raises
    ------
    HifredError
        If the whole field does not reach the target.
    """
    shape = spectra.shape[1:]
    if settings.binning == "none":
        return pixel_bins(shape)
    window = band.part == WINDOW
    counts = np.tensordot(exposure[window], spectra[window], axes=1)
    signal, target = counts, np.sqrt(settings.target_counts or 0.0)
    if settings.target_snr is not None:
        target = settings.target_snr
        moments = line_moments(spectra.reshape(len(spectra), -1).T, band)
        flux = (moments.line * exposure[window]).sum(axis=1)
        signal = flux.reshape(shape)
    weighted = settings.binning == "weighted"
    return Bins(grouped_pixels(signal, counts, target, weighted=weighted))
