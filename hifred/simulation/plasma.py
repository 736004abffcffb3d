"""Emission of a hot plasma and its absorption on the way: lines and continuum."""

import numpy as np

from hifred.simulation.line_table import LineTable

ELEMENT_GROUPS = {
    "oxygen": (6, 7, 8, 9),
    "neon": (10, 11),
    "magnesium": (12, 13),
    "silicon": tuple(range(14, 21)),
    "iron": tuple(range(21, 31)),
}

# The excitation of a cold ion by hot electrons is bounded: lines fed by recombination
# do not follow the Boltzmann factor, and would run away at low ionisation.
LARGEST_EXCITATION_GAIN = 1e3

# Photons of free-free emission at 1 keV and kT = 1 keV, hydrogen and helium of solar
# composition: 1.03e-11 / sqrt(1.16e7) times sum(Z^2 n_i / n_H) = 1.4.
FREE_FREE = 4.2e-15

# Piecewise (c0 + c1 E + c2 E^2) E^-3 1e-24 cm2 per hydrogen atom, from each energy on.
ABSORPTION_PIECES = np.array(
    [
        [0.030, 17.3, 608.1, -2150.0],
        [0.100, 34.6, 267.9, -476.1],
        [0.284, 78.1, 18.8, 4.3],
        [0.400, 71.4, 66.8, -51.4],
        [0.532, 95.5, 145.8, -61.1],
        [0.707, 308.9, -380.6, 294.0],
        [0.867, 120.6, 169.3, -47.7],
        [1.303, 141.3, 146.8, -31.5],
        [1.840, 202.7, 104.7, -17.0],
        [2.471, 342.7, 18.7, 0.0],
        [4.038, 433.9, -2.4, 0.75],
        [7.111, 629.0, 30.9, 0.0],
        [8.331, 701.2, 25.2, 0.0],
    ]
)


def ionisation_temperature(kt: np.ndarray, log_tau: np.ndarray) -> np.ndarray:
    """Return the temperature whose equilibrium has about the ions of a young plasma.

    Parameters
    ----------
    kt : array, keV
        Electron temperature.
    log_tau : array
        Decimal logarithm of the ionisation time-scale, cm-3 s; 12 is equilibrium.

    Notes
    -----
    An imitation, chosen for its trend only: at log tau = 8 the ions are those of a
    plasma 12 times cooler, at 11.5 of one 1.4 times cooler.
    """
    lag = np.clip((12.0 - log_tau) / 4.0, 0.0, 1.0)
    return kt * 10.0 ** (-1.1 * lag)


def line_emissivity(
    table: LineTable, kt: np.ndarray, log_tau: np.ndarray
) -> np.ndarray:
    """Return the emissivity of every line out of ionisation equilibrium.

    Parameters
    ----------
    table : LineTable
    kt, log_tau : (state,) arrays
        Electron temperature, keV, and decimal logarithm of the ionisation time-scale.

    Returns
    -------
    (state, line) array, photon cm3 s-1, for solar abundances.
    """
    ion_kt = ionisation_temperature(kt, log_tau)
    place = np.interp(np.log(ion_kt), np.log(table.kt), np.arange(len(table.kt)))
    lower = np.minimum(place.astype(int), len(table.kt) - 2)
    share = (place - lower)[:, None]
    equilibrium = (1 - share) * table.emissivity[lower] + share * table.emissivity[
        lower + 1
    ]
    inverse = 1.0 / ion_kt - 1.0 / kt
    gain = np.sqrt(ion_kt / kt)[:, None] * np.exp(inverse[:, None] * table.energy)
    return equilibrium * np.minimum(gain, LARGEST_EXCITATION_GAIN)


def continuum_emissivity(kt: np.ndarray, energy_edges: np.ndarray) -> np.ndarray:
    """Return the thermal continuum of hydrogen and helium.

    Parameters
    ----------
    kt : (state,) array, keV
    energy_edges : (energy + 1,) array, keV

    Returns
    -------
    (state, energy) array, photon cm3 s-1 per bin.

    Notes
    -----
    Free-free emission with a Gaunt factor of ``(E / kT)^-0.4``.
    """
    energy = 0.5 * (energy_edges[1:] + energy_edges[:-1])
    ratio = energy / kt[:, None]
    density = FREE_FREE / energy * ratio**-0.4 * np.exp(-ratio) / np.sqrt(kt)[:, None]
    return density * np.diff(energy_edges)


def transmission(energy: np.ndarray, column_density: float) -> np.ndarray:
    """Return the share of photons that cold interstellar gas lets through.

    Parameters
    ----------
    energy : array, keV
        Between 0.03 and 10.
    column_density : float, cm-2
        Hydrogen atoms per area.

    References
    ----------
    Morrison & McCammon (1983), ApJ 270, 119.
    """
    piece = np.searchsorted(ABSORPTION_PIECES[:, 0], energy, side="right") - 1
    c0, c1, c2 = ABSORPTION_PIECES[np.maximum(piece, 0), 1:].T
    cross_section = (c0 + c1 * energy + c2 * energy**2) * energy**-3.0 * 1e-24
    return np.asarray(np.exp(-column_density * cross_section))
