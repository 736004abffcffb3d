"""Moments of a line over the continuum of its side bands."""

from dataclasses import dataclass
from typing import final

import numpy as np

from hifred.products.line_band import HIGH, LOW, WINDOW, LineBand


@final
@dataclass(frozen=True, eq=False)
class LineMoments:
    """Moments of many spectra, in the window of a line.

    Parameters
    ----------
    line : (spectrum, bin) array, photon cm-2 s-1
        What is above the continuum, in the bins of the window.
    continuum : (spectrum, 2) array, photon cm-2 s-1 keV-1
        At both ends of the band.
    flux : (spectrum,) array, photon cm-2 s-1
    energy : (spectrum,) array, keV
        Centroid, the mean offset of the line's shape taken off; NaN without flux.
    variance : (spectrum,) array, keV2
        That of the line's shape and of the bins taken off; noise may make it negative.
    """

    line: np.ndarray
    continuum: np.ndarray
    flux: np.ndarray
    energy: np.ndarray
    variance: np.ndarray


def line_moments(spectra: np.ndarray, band: LineBand) -> LineMoments:
    """Return flux, centroid and variance of a line by moments.

    Parameters
    ----------
    spectra : (spectrum, bin) array, photon cm-2 s-1
    band : LineBand
    """
    continuum = _continuum(spectra, band)
    window = band.part == WINDOW
    expected = _at(continuum, band)[:, window] * band.width[window]
    line = spectra[:, window] - expected
    flux = line.sum(axis=1)
    shares = line / np.where(flux > 0, flux, np.nan)[:, None]
    energy = band.energy[window]
    centroid = shares @ energy
    squares = (shares * (energy - centroid[:, None]) ** 2).sum(axis=1)
    of_bins = shares @ (band.width[window] ** 2) / 12.0
    return LineMoments(
        line,
        continuum,
        flux,
        centroid - band.shape.mean,
        squares - of_bins - band.shape.variance,
    )


def continuum_error(spectra: np.ndarray, band: LineBand) -> np.ndarray:
    r"""Return by how much fluxes may be wrong because side bands are no straight line.

    .. math:: W \sqrt{\frac{\sum_i r_i^2}{n \, (n - 2)}}

    with ``r`` what each of the ``n`` bins of the side bands is off the continuum, per
    keV, and ``W`` the width of the window.

    Parameters
    ----------
    spectra : (spectrum, bin) array, photon cm-2 s-1
    band : LineBand

    Returns
    -------
    (spectrum,) array, photon cm-2 s-1
    """
    side, width = band.part != WINDOW, band.width
    off = (spectra / width - _at(_continuum(spectra, band), band))[:, side]
    n_bins = int(side.sum())
    scatter = np.sqrt((off**2).sum(axis=1) / (n_bins * max(n_bins - 2, 1)))
    return np.asarray(scatter * width[~side].sum())


def _continuum(spectra: np.ndarray, band: LineBand) -> np.ndarray:
    """Return the continuum at both ends of the band, by a line through the sides."""
    means, places = [], []
    for part in (LOW, HIGH):
        inside = band.part == part
        if inside.any():
            width = band.width[inside]
            means.append(spectra[:, inside].sum(axis=1) / width.sum())
            places.append(float(band.energy[inside] @ width / width.sum()))
    if len(means) == 1:
        return np.stack([means[0], means[0]], axis=1)
    slope = (means[1] - means[0]) / (places[1] - places[0])
    ends = band.low[0], band.high[-1]
    return np.stack([means[0] + slope * (end - places[0]) for end in ends], axis=1)


def _at(continuum: np.ndarray, band: LineBand) -> np.ndarray:
    """Return the continuum (spectrum, bin), photon cm-2 s-1 keV-1, in every bin."""
    upper = (band.energy - band.low[0]) / (band.high[-1] - band.low[0])
    return np.outer(continuum[:, 0], 1.0 - upper) + np.outer(continuum[:, 1], upper)
