"""What gas that moves adds to spectra."""

import numpy as np

# Bins with less of the largest exposure than this see nothing: their light over it is
# rounding, whose slope would outshine all others.
LEAST_SHARE = 1e-2


def velocity_slopes(
    spectra: np.ndarray, energy_edges: np.ndarray, exposure: np.ndarray
) -> np.ndarray:
    r"""Return how spectra change with the velocity of what they are of.

    .. math:: \frac{\partial s}{\partial (v / c)} =
        a \, \Delta E \; \frac{\partial}{\partial E} \frac{E \, s}{a \, \Delta E}

    which keeps the photons of a line. The spectrum of gas that recedes with ``v`` is
    ``s`` plus ``v / c`` times this.

    Parameters
    ----------
    spectra : (energy, n) array
        Light in bins, times the exposure.
    energy_edges : (energy + 1,) array, keV
    exposure : (energy,) array
        The exposure ``a``, above zero: its edges do not move with the gas. Bins of
        less than a hundredth of the largest have no slope.

    Returns
    -------
    (energy, n) array
        Per velocity over that of light.
    """
    if len(spectra) < 2:
        return np.zeros_like(spectra)
    energy = 0.5 * (energy_edges[1:] + energy_edges[:-1])
    units = (exposure * np.diff(energy_edges))[:, None]
    is_seen = exposure >= LEAST_SHARE * exposure.max()
    density = energy[:, None] * spectra / units
    for column in density.T:
        column[~is_seen] = np.interp(energy[~is_seen], energy[is_seen], column[is_seen])
    return np.where(is_seen[:, None], units * np.gradient(density, energy, axis=0), 0)
