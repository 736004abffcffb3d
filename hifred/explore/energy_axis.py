"""The axis of the spectra: energy, or velocity with respect to a line."""

from dataclasses import dataclass
from typing import final

import numpy as np

from hifred.dims import LIGHT_SPEED_KM_S
from hifred.products.line_list import LINES
from hifred.products.quantities import velocity_km_s


@final
@dataclass(frozen=True)
class EnergyAxis:
    """How energies are placed along the spectra.

    Parameters
    ----------
    line : str
        Known line at velocity 0; empty for none.
    redshift : float
        Of the object, to which velocities are relative.
    is_velocity : bool
        Whether velocities are shown; without a line, energies are.
    """

    line: str = ""
    redshift: float = 0.0
    is_velocity: bool = False

    @property
    def shows_velocity(self) -> bool:
        """Whether the axis is one of velocities."""
        return self.is_velocity and self.line in LINES

    @property
    def label(self) -> str:
        """The label of the axis."""
        if not self.shows_velocity:
            return "energy (keV)"
        at = f" at z = {self.redshift:g}" if self.redshift else ""
        return f"velocity of {self.line}{at} (km/s), receding positive"

    @property
    def observed_kev(self) -> float:
        """Energy at which the line is observed; NaN without a line."""
        if self.line not in LINES:
            return float("nan")
        return LINES[self.line].energy_kev / (1 + self.redshift)

    def places(self, energies: np.ndarray) -> np.ndarray:
        r"""Return where energies (keV) stand on the axis: keV, or km/s.

        .. math:: v = c (1 - E / E_0)
        """
        energies = np.asarray(energies, dtype=float)
        if not self.shows_velocity:
            return energies
        return velocity_km_s(energies, self.observed_kev, "radio")

    def energies(self, places: np.ndarray) -> np.ndarray:
        """Return the energies (keV) at places on the axis."""
        places = np.asarray(places, dtype=float)
        if not self.shows_velocity:
            return places
        return self.observed_kev * (1 - places / LIGHT_SPEED_KM_S)

    def band(self, reach_km_s: float = 1000.0) -> tuple[float, float]:
        """Return the energies within a velocity of the line, keV."""
        half = self.observed_kev * reach_km_s / LIGHT_SPEED_KM_S
        return self.observed_kev - half, self.observed_kev + half
