from pathlib import Path

import numpy as np
import pytest

from hifred.errors import SettingsError
from hifred.products import LINES, known_line
from hifred.products.line_list import APEC, rest_line

APEC_LINES = (
    Path(__file__).parents[3]
    / "shared/data/plasma/apec_v3.0.9_cie_lines_0.25-2.5_5.8-8.5keV.npz"
)


@pytest.mark.parametrize("line", LINES.values(), ids=lambda line: line.name)
def test_a_known_line_has_a_source_and_its_photons_once(line) -> None:
    assert line.source
    assert len(line.shares) == len(line.energies_kev)
    assert sum(line.shares) == pytest.approx(1.0, abs=1e-12)
    assert min(line.energies_kev) <= line.energy_kev <= max(line.energies_kev)


@pytest.mark.skipif(not APEC_LINES.exists(), reason="no table of APEC lines here")
def test_energies_and_shares_are_those_of_their_source() -> None:
    with np.load(APEC_LINES, allow_pickle=False) as table:
        energy, strength = table["E_keV"], table["epsilon_ph_cm3_s"]
    for line in LINES.values():
        if line.source != APEC:
            continue
        for one in line.energies_kev:
            near = np.abs(energy - one) < 2e-6
            assert near.any(), f"{line.name} at {one} keV"
            # Strong there: no satellite of the same energy.
            assert strength[near].max() > 1e-20


def dirac_kev(n: int, j: float, charge: int) -> float:
    """Return the energy of a level of a hydrogen-like ion above -m c^2, keV."""
    fine, mass = 1 / 137.036, 510.99895
    k = j + 0.5
    root = np.sqrt(k**2 - (charge * fine) ** 2)
    return mass * (1 / np.sqrt(1 + (charge * fine / (n - k + root)) ** 2) - 1)


@pytest.mark.parametrize(
    ("ion", "charge", "nucleons", "lamb_shift_ev"),
    [("S XVI", 16, 32, 0.74), ("Ar XVIII", 18, 40, 1.14), ("Ca XX", 20, 40, 1.66)],
)
def test_lines_of_one_electron_are_those_of_its_equation(
    ion: str, charge: int, nucleons: int, lamb_shift_ev: float
) -> None:
    # Dirac (1928), with the reduced mass and the Lamb shift of the ground state
    # (Johnson & Soff 1985, At. Data Nucl. Data Tables 33, 405).
    reduced = 1 / (1 + 0.51099895 / (931.494 * nucleons))
    ground = reduced * dirac_kev(1, 0.5, charge) + 1e-3 * lamb_shift_ev
    levels = [reduced * dirac_kev(2, j, charge) for j in (1.5, 0.5)]
    found = known_line(f"{ion} Ly-alpha").energies_kev
    assert found == pytest.approx([level - ground for level in levels], abs=5e-5)


HELIUM_LIKE = {
    8: "O VII", 10: "Ne IX", 12: "Mg XI", 14: "Si XIII", 16: "S XV", 18: "Ar XVII",
    20: "Ca XIX", 26: "Fe XXV", 28: "Ni XXVII",
}  # fmt: skip


@pytest.mark.parametrize(("line", "upper_j"), [("w", 1.5), ("y", 0.5), ("z", 0.5)])
def test_lines_of_two_electrons_follow_those_of_other_ions(
    line: str, upper_j: float
) -> None:
    # What the second electron does is smooth in the charge: a check of energies that
    # have another source by those of the table of APEC.
    known = {z: LINES.get(f"{ion} {line}") for z, ion in HELIUM_LIKE.items()}
    second = {
        z: (dirac_kev(2, upper_j, z) - dirac_kev(1, 0.5, z) - found.energy_kev) / z
        for z, found in known.items()
        if found is not None
    }
    charges = [z for z in second if known[z].source == APEC]
    curve = np.polynomial.Polynomial.fit(charges, [second[z] for z in charges], 5)
    others = [z for z in second if z not in charges]
    assert others
    for charge in others:
        assert charge * second[charge] == pytest.approx(
            charge * curve(charge), abs=1e-4
        )


def test_a_doublet_lies_where_its_photons_do() -> None:
    line = known_line("Fe XXVI Ly-alpha")
    assert line.energy_kev == pytest.approx((2 * 6.973067 + 6.951856) / 3)
    spread = line.energies_kev[0] - line.energies_kev[1]
    assert line.variance_kev2 == pytest.approx(2 / 9 * spread**2)


def test_an_unknown_line_is_told_its_nearest_name() -> None:
    with pytest.raises(SettingsError, match="did you mean 'Fe XXV He-alpha'"):
        known_line("Fe XXV He-alfa")


def test_a_line_of_ones_own_must_have_an_energy() -> None:
    with pytest.raises(ValueError, match="energy_kev of 'x' must be above 0; got 0"):
        rest_line("x", 0.0)
