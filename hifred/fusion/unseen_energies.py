"""Spectra at energies that no channel sees, as at the ends of a sky with a margin."""

import numpy as np


def continued(spectra: np.ndarray, known: np.ndarray, n_energies: int) -> np.ndarray:
    r"""Return spectra at all energies, (energy, n).

    .. math:: s_{en} = \bar s_{k} b_n + \frac{s_{kn} - \bar s_{k} b_n}{|e - k|}

    with ``k`` the nearest known energy, :math:`\bar s` the mean spectrum and ``b`` the
    brightness of each over their mean.

    Parameters
    ----------
    spectra : (known, n) array
    known : (known,) array of int
        At least one energy, in ascending order.
    n_energies : int

    Notes
    -----
    The value of the nearest energy alone, repeated over a margin of 120 energies, is
    noise that counts 120 times: it took the place of the components of the sky.
    """
    nearest, distance = _nearest(known, n_energies)
    share = 1 / distance
    # In this form what is known keeps its last bit.
    return np.asarray(
        spectra[nearest] * share + _common(spectra)[nearest] * (1 - share)
    )


def faded(noise: np.ndarray, known: np.ndarray, n_energies: int) -> np.ndarray:
    """Return the noise that `continued` spectra have where that of the known is this.

    The noise of the mean spectrum is left out: it is that of many spectra.
    """
    nearest, distance = _nearest(known, n_energies)
    return np.asarray(noise[nearest] / distance)


def _nearest(known: np.ndarray, n_energies: int) -> tuple[np.ndarray, np.ndarray]:
    """Return which known energy is nearest, and how far: at least 1, (energy, 1)."""
    distances = np.abs(np.arange(n_energies)[:, None] - known)
    return distances.argmin(axis=1), np.maximum(distances.min(axis=1), 1)[:, None]


def _common(spectra: np.ndarray) -> np.ndarray:
    """Return the mean spectrum times the brightness of each."""
    total = spectra.mean()
    if total == 0:
        return np.zeros_like(spectra)
    return np.outer(spectra.mean(axis=1), spectra.mean(axis=0) / total)
