"""The compact table of X-ray emission lines behind the simulated plasma."""

import functools
from dataclasses import dataclass
from importlib import resources

import numpy as np


@dataclass(frozen=True)
class LineTable:
    """Emissivities of lines against the ionisation temperature.

    Parameters
    ----------
    kt : (temperature,) array, keV
        Increasing temperatures, equally spaced in their logarithm.
    energy : (line,) array, keV
        Increasing line energies.
    element : (line,) array of int
        Atomic numbers.
    emissivity : (temperature, line) array, photon cm3 s-1
        In collisional equilibrium, solar abundances included.
    provenance : str
        Where the numbers come from.
    """

    kt: np.ndarray
    energy: np.ndarray
    element: np.ndarray
    emissivity: np.ndarray
    provenance: str = ""

    def select(self, low_kev: float, high_kev: float) -> "LineTable":
        """Return the table with only the lines between two energies."""
        inside = (self.energy > low_kev) & (self.energy < high_kev)
        return LineTable(
            self.kt,
            self.energy[inside],
            self.element[inside],
            self.emissivity[:, inside],
            self.provenance,
        )


@functools.cache
def read_line_table() -> LineTable:
    """Return the table that comes with the package.

    Notes
    -----
    A reduction of AtomDB/APEC 3.0.9 to 0.3-2.2 and 5.85-8.1 keV and to 0.07-11 keV of
    temperature, made by ``workflows/line_table/reduce_lines.py``; its photons are all
    there, the weak lines merged in steps of 2 eV.

    References
    ----------
    Foster et al. (2012), ApJ 756, 128.
    """
    path = resources.files("hifred.simulation") / "data" / "lines.npz"
    with path.open("rb") as file, np.load(file, allow_pickle=False) as table:
        share = (table["root_share"] / 65535.0) ** 2
        return LineTable(
            kt=table["kt_kev"].astype(float),
            energy=table["energy_kev"].astype(float),
            element=table["element"].astype(int),
            emissivity=(share * table["peak_photon_cm3_s"][:, None]).T.copy(),
            provenance=str(table["provenance"]),
        )
