"""What is told of a line: from fitted energies to velocities, widths and fluxes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, final

import numpy as np

from hifred import dims
from hifred.products.line_band import LineBand
from hifred.products.line_fit import LineFit
from hifred.products.settings import Convention
from hifred.products.side_bands import LineMoments

VELOCITY_UNIT = "km s-1"
EV = 1e3

Sign = Literal["any", "positive"]


@final
@dataclass(frozen=True)
class About:
    """Unit and name of a quantity.

    Parameters
    ----------
    units : str
    long_name : str
    needs_signal : bool
        Whether it means nothing where the line is not seen.
    """

    units: str
    long_name: str
    needs_signal: bool = True


QUANTITIES: Mapping[str, About] = {
    "flux": About(dims.FLUX_UNIT, "flux of the line", needs_signal=False),
    "velocity": About(VELOCITY_UNIT, "mean velocity of the line, positive: receding"),
    "width": About(VELOCITY_UNIT, "velocity dispersion, resolution removed"),
    "equivalent_width": About("eV", "flux over that of the continuum per eV"),
    "blue_velocity": About(VELOCITY_UNIT, "velocity of the approaching line of two"),
    "red_velocity": About(VELOCITY_UNIT, "velocity of the receding line of two"),
    "blue_flux": About(dims.FLUX_UNIT, "flux of the approaching line of two"),
    "red_flux": About(dims.FLUX_UNIT, "flux of the receding line of two"),
    "line_width": About(VELOCITY_UNIT, "dispersion of each line, resolution removed"),
    "moment_flux": About(
        dims.FLUX_UNIT, "flux above the continuum of the side bands", needs_signal=False
    ),
    "moment_velocity": About(VELOCITY_UNIT, "velocity of the centroid, by moments"),
    "moment_width": About(VELOCITY_UNIT, "velocity dispersion, by moments"),
    "moment_equivalent_width": About("eV", "equivalent width, by moments"),
}
"""All quantities of a line, in the order in which they are stored."""
PAIR = ("blue_velocity", "red_velocity", "blue_flux", "red_flux")


def velocity_km_s(
    energy: np.ndarray, rest_energy: float, convention: Convention
) -> np.ndarray:
    """Return the velocity, positive when receding, of an energy (both keV)."""
    ratio = np.asarray(energy) / rest_energy
    if convention == "radio":
        share = 1.0 - ratio
    elif convention == "optical":
        share = 1.0 / ratio - 1.0
    else:
        share = (1.0 - ratio**2) / (1.0 + ratio**2)
    return dims.LIGHT_SPEED_KM_S * share


def dispersion_km_s(variance: np.ndarray, band: LineBand) -> np.ndarray:
    """Return the dispersion of a variance (keV2); 0 where noise made it negative."""
    sigma = np.sqrt(np.maximum(variance, 0.0))
    return dims.LIGHT_SPEED_KM_S * sigma / band.centre_kev


def fit_quantities(
    fit: LineFit, band: LineBand, convention: Convention
) -> dict[str, np.ndarray]:
    """Return the quantities of fitted lines, (spectrum,) each.

    Of two lines, velocity and width are those of both together: the mean energy,
    weighted by the flux, and the dispersion about it.
    """
    fluxes, energies = fit.fluxes, fit.energies
    flux = fluxes.sum(axis=1)
    shares = fluxes / np.where(flux == 0.0, np.nan, flux)[:, None]
    mean = (shares * energies).sum(axis=1)
    between = (shares * (energies - mean[:, None]) ** 2).sum(axis=1)
    found = {
        "flux": flux,
        "velocity": velocity_km_s(mean, band.centre_kev, convention),
        "width": dispersion_km_s(fit.variance + between, band),
        "equivalent_width": _equivalent_width(flux, mean, fit.continuum, band),
    }
    if fit.n_lines == 1:
        return found
    velocities = velocity_km_s(energies, band.centre_kev, convention)
    return found | {
        "blue_velocity": velocities[:, 1],
        "red_velocity": velocities[:, 0],
        "blue_flux": fluxes[:, 1],
        "red_flux": fluxes[:, 0],
        "line_width": dispersion_km_s(fit.variance, band),
    }


def moment_quantities(
    moments: LineMoments, band: LineBand, convention: Convention
) -> dict[str, np.ndarray]:
    """Return the quantities of a line's moments, (spectrum,) each.

    Light in the window has no centroid beyond it: there the continuum went wrong, and
    only the flux is told.
    """
    low, high = band.window_kev
    is_inside = (moments.energy >= low) & (moments.energy <= high)
    energy = np.where(is_inside, moments.energy, np.nan)
    variance = np.where(is_inside, moments.variance, np.nan)
    equivalent = _equivalent_width(moments.flux, energy, moments.continuum, band)
    return {
        "moment_flux": moments.flux,
        "moment_velocity": velocity_km_s(energy, band.centre_kev, convention),
        "moment_width": dispersion_km_s(variance, band),
        "moment_equivalent_width": equivalent,
    }


def _equivalent_width(
    flux: np.ndarray, energy: np.ndarray, continuum: np.ndarray, band: LineBand
) -> np.ndarray:
    """Return flux over continuum at the line, eV; NaN without continuum."""
    upper = (energy - band.low[0]) / (band.high[-1] - band.low[0])
    density = (1.0 - upper) * continuum[:, 0] + upper * continuum[:, 1]
    return EV * flux / np.where(density > 0.0, density, np.nan)
