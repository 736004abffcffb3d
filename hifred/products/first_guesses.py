"""Where fits of lines begin: by moments, by halves and by peaks."""

import numpy as np

from hifred.products.line_band import WINDOW, LineBand
from hifred.products.side_bands import LineMoments

# Distance between peaks, in standard deviations of the resolution, of a pair.
LEAST_DISTANCE = 2.0
# Variances of one line over that of the moments: from a narrow one, a fit to two peaks
# may end at one of them.
VARIANCES = (1.0, 4.0)


def single_guesses(moments: LineMoments, band: LineBand) -> list[np.ndarray]:
    """Return where fits of one line begin: as wide as the moments say, and wider."""
    return [_single(moments, band, times) for times in VARIANCES]


def _single(moments: LineMoments, band: LineBand, times: float) -> np.ndarray:
    """Return a first guess (spectrum, parameter)."""
    lowest, highest = band.window_kev
    middle = _known(moments.energy, band.centre_kev)
    variance = np.clip(
        times * _known(moments.variance, 0.0),
        _narrow(band),
        (0.25 * (highest - lowest)) ** 2,
    )
    columns = [
        *moments.continuum.T,
        variance,
        moments.flux,
        np.clip(middle, lowest, highest),
    ]
    return np.stack(columns, axis=1)


def pair_guesses(moments: LineMoments, band: LineBand) -> list[np.ndarray]:
    """Return where fits of two lines begin: at the halves, and at two peaks."""
    return [_halves(moments, band), _peaks(moments, band)]


def _halves(moments: LineMoments, band: LineBand) -> np.ndarray:
    """Return the centroids of what is below and above the middle of the line."""
    energy = band.energy[band.part == WINDOW]
    light = np.maximum(moments.line, 0.0)
    middle = _centroid(light, energy, band)
    is_below = energy < middle[:, None]
    halves = [np.where(side, light, 0.0) for side in (is_below, ~is_below)]
    fluxes = [half.sum(axis=1) for half in halves]
    energies = [_centroid(half, energy, band) for half in halves]
    return _pair(moments, band, energies=energies, fluxes=fluxes)


def _centroid(light: np.ndarray, energy: np.ndarray, band: LineBand) -> np.ndarray:
    total = light.sum(axis=1)
    return _known(
        light @ energy / np.where(total > 0.0, total, np.nan), band.centre_kev
    )


def _peaks(moments: LineMoments, band: LineBand) -> np.ndarray:
    """Return the highest peak, and the highest one that is not beside it."""
    energy = band.energy[band.part == WINDOW]
    sigma = np.sqrt(band.shape.variance + band.width[band.part == WINDOW].min() ** 2)
    distance = np.abs(np.subtract.outer(energy, energy)) / sigma
    filtered = moments.line @ np.exp(-0.5 * distance**2)
    first = filtered.argmax(axis=1)
    is_beside = distance[first] < LEAST_DISTANCE
    second = np.where(is_beside, -np.inf, filtered).argmax(axis=1)
    rows = np.arange(len(filtered))
    heights = [np.maximum(filtered[rows, peak], 0.0) for peak in (first, second)]
    total = np.maximum(sum(heights), 1e-300)
    flux = np.maximum(moments.flux, 0.0)
    return _pair(
        moments,
        band,
        energies=[energy[first], energy[second]],
        fluxes=[flux * height / total for height in heights],
    )


def _pair(
    moments: LineMoments,
    band: LineBand,
    *,
    energies: list[np.ndarray],
    fluxes: list[np.ndarray],
) -> np.ndarray:
    variance = np.full(len(moments.flux), _narrow(band))
    pairs = [column for pair in zip(fluxes, energies, strict=True) for column in pair]
    return np.stack([*moments.continuum.T, variance, *pairs], axis=1)


def _narrow(band: LineBand) -> float:
    """Return a variance beside the resolution from which any width is found, keV2."""
    return max(0.25 * band.shape.variance, (0.5 * float(band.width.min())) ** 2)


def _known(values: np.ndarray, otherwise: float) -> np.ndarray:
    return np.where(np.isfinite(values), values, otherwise)
