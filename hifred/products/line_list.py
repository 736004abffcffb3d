"""Lines that are known by name, with their energies and where these come from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from hifred.errors import HifredError, unknown_name

APEC = "AtomDB/APEC 3.0.9 (Foster et al. 2012, ApJ 756, 128)"
NIST = "NIST Atomic Spectra Database 5"
ARTEMYEV = "Artemyev et al. (2005), Phys. Rev. A 71, 062104"
HOELZER = "Hoelzer et al. (1997), Phys. Rev. A 56, 4554"


@final
@dataclass(frozen=True)
class Line:
    """A line, or a complex of lines that no instrument here takes apart.

    Parameters
    ----------
    name : str
    energies_kev : tuple of float
        At rest.
    shares : tuple of float
        Of the photons, one per energy; their sum is 1.
    source : str
        Where the numbers come from.
    """

    name: str
    energies_kev: tuple[float, ...]
    shares: tuple[float, ...] = (1.0,)
    source: str = ""

    @property
    def energy_kev(self) -> float:
        """Mean energy of the photons: where the velocity is 0."""
        return float(np.dot(self.energies_kev, self.shares))

    @property
    def variance_kev2(self) -> float:
        """Variance of the energies about their mean."""
        offsets = np.subtract(self.energies_kev, self.energy_kev)
        return float(np.dot(offsets**2, self.shares))


def _doublet(
    name: str, upper: float, lower: float, source: str = APEC
) -> tuple[Line, ...]:
    # The statistical weights of the upper levels are 2 to 1.
    return (Line(name, (upper, lower), (2 / 3, 1 / 3), source),)


def _helium_like(
    ion: str, energies: Sequence[float], shares: Sequence[float]
) -> tuple[Line, ...]:
    """Return the complex and its lines: resonance, both intercombination, forbidden.

    The shares of the complex are those at low density and at the temperature where it
    is brightest, in collisional equilibrium.
    """
    members = tuple(
        Line(f"{ion} {letter}", (energy,), source=APEC)
        for letter, energy in zip("wxyz", energies, strict=True)
    )
    total = float(np.sum(shares))
    whole = tuple(share / total for share in shares)
    return (Line(f"{ion} He-alpha", tuple(energies), whole, APEC), *members)


def _single(name: str, energy: float, source: str) -> tuple[Line, ...]:
    return (Line(name, (energy,), source=source),)


_ALL = (
    _doublet("C VI Ly-alpha", 0.367533, 0.367474),
    _doublet("N VII Ly-alpha", 0.500356, 0.500247),
    _helium_like(
        "O VII", (0.573961, 0.568708, 0.56864, 0.561072), (0.511, 0.001, 0.091, 0.397)
    ),
    _doublet("O VIII Ly-alpha", 0.65368, 0.653494),
    _doublet("O VIII Ly-beta", 0.774634, 0.774579),
    _single("Fe XVII 3C", 0.825791, APEC),
    _single("Fe XVII 3D", 0.812425, APEC),
    _single("Fe XVII 3F", 0.738881, APEC),
    _single("Fe XVII 3G", 0.727137, APEC),
    _single("Fe XVII M2", 0.725223, APEC),
    _helium_like(
        "Ne IX", (0.922, 0.914996, 0.914803, 0.905062), (0.544, 0.003, 0.099, 0.353)
    ),
    _doublet("Ne X Ly-alpha", 1.021953, 1.021498),
    _helium_like(
        "Mg XI", (1.352248, 1.343541, 1.343098, 1.331111), (0.559, 0.011, 0.098, 0.332)
    ),
    _doublet("Mg XII Ly-alpha", 1.472635, 1.471689),
    _helium_like(
        "Si XIII", (1.865, 1.854666, 1.853779, 1.839448), (0.576, 0.025, 0.095, 0.304)
    ),
    _doublet("Si XIV Ly-alpha", 2.006075, 2.00432),
    _helium_like(
        "S XV", (2.460626, 2.448759, 2.447141, 2.430348), (0.601, 0.044, 0.09, 0.265)
    ),
    _doublet("S XVI Ly-alpha", 2.6227, 2.6197, NIST),
    _single("Ar XVII w", 3.139582, NIST),
    _single("Ar XVII y", 3.123535, NIST),
    _single("Ar XVII z", 3.104149, NIST),
    _doublet("Ar XVIII Ly-alpha", 3.32299, 3.31818, NIST),
    _single("Ca XIX w", 3.902378, ARTEMYEV),
    _single("Ca XIX z", 3.861206, ARTEMYEV),
    _doublet("Ca XX Ly-alpha", 4.1075, 4.1001, NIST),
    _doublet("Fe K-alpha", 6.404006, 6.391026, HOELZER),
    _helium_like(
        "Fe XXV", (6.700402, 6.682298, 6.667549, 6.63658), (0.59, 0.107, 0.118, 0.185)
    ),
    _doublet("Fe XXVI Ly-alpha", 6.973067, 6.951856),
    (Line("Fe XXV He-beta", (7.881521, 7.872012), (0.871, 0.129), APEC),),
    _helium_like(
        "Ni XXVII", (7.80556, 7.786414, 7.765665, 7.73161), (0.574, 0.107, 0.128, 0.191)
    ),
)

LINES = {line.name: line for group in _ALL for line in group}
"""The known lines by name."""


def known_line(name: str) -> Line:
    """Return the line of that name.

    Raises
    ------
    SettingsError
        If there is none: the nearest name is told.
    """
    if name not in LINES:
        raise unknown_name("line", name, LINES)
    return LINES[name]


def rest_line(name: str, energy_kev: float) -> Line:
    """Return a line of one's own.

    Raises
    ------
    HifredError
        If the energy is not above 0.
    """
    if not energy_kev > 0:
        raise HifredError(f"energy_kev of {name!r} must be above 0; got {energy_kev}.")
    return Line(name, (float(energy_kev),), source="as given")
