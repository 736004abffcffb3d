import numpy as np
import pytest
from numpy.testing import assert_allclose

from hifred.simulation.line_table import read_line_table
from hifred.simulation.plasma import (
    ABSORPTION_PIECES,
    continuum_emissivity,
    ionisation_temperature,
    line_emissivity,
    transmission,
)


def test_equilibrium_plasma_has_the_emissivities_of_the_table():
    table = read_line_table().select(0.6, 0.7)
    kt = table.kt[[5, 9, 14]]
    assert_allclose(
        line_emissivity(table, kt, np.full(3, 12.0)), table.emissivity[[5, 9, 14]]
    )


def test_young_plasma_has_the_ions_of_a_cooler_one():
    kt = np.full(4, 1.5)
    ions = ionisation_temperature(kt, np.array([8.0, 9.0, 11.5, 12.0]))
    assert np.all(np.diff(ions) > 0)
    assert ions[-1] == 1.5


def test_the_oxygen_lyman_line_fades_against_the_helium_like_one_when_young():
    table = read_line_table()
    kt = np.full(2, 0.6)
    found = line_emissivity(table, kt, np.array([9.5, 11.5]))
    lyman = found[:, np.abs(table.energy - 0.6536) < 0.001].sum(axis=1)
    triplet = found[:, (table.energy > 0.56) & (table.energy < 0.575)].sum(axis=1)
    assert lyman[0] / triplet[0] < 0.5 * lyman[1] / triplet[1]


def test_continuum_photons_do_not_depend_on_the_bins():
    kt = np.array([0.3, 2.0])
    coarse = continuum_emissivity(kt, np.linspace(0.5, 1.4, 181)).sum(axis=1)
    fine = continuum_emissivity(kt, np.linspace(0.5, 1.4, 721)).sum(axis=1)
    assert_allclose(coarse, fine, rtol=1e-4)


def test_hot_plasma_has_the_harder_continuum():
    soft, hard = continuum_emissivity(np.array([0.3, 2.0]), np.linspace(0.5, 1.4, 10))
    assert soft[-1] / soft[0] < hard[-1] / hard[0]


def test_absorption_is_continuous_but_for_its_edges():
    edges = ABSORPTION_PIECES[1:, 0]
    below, above = (transmission(edges * f, 1e21) for f in (1 - 1e-9, 1 + 1e-9))
    jump = np.log(above) / np.log(below)
    # Edges of carbon, nitrogen, oxygen, iron L, neon, magnesium, silicon, sulphur and
    # iron K absorb more above than below.
    assert np.all((jump > 0.97) & (jump < 2.5))


def test_twice_the_column_transmits_the_square():
    energy = np.linspace(0.5, 7.0, 20)
    assert_allclose(transmission(energy, 1e22), transmission(energy, 5e21) ** 2)


def test_half_the_photons_of_1_kev_pass_the_column_that_the_paper_cites():
    # 2.42e-22 cm2 per hydrogen atom at 1 keV (Morrison & McCammon 1983, Table 2).
    assert_allclose(transmission(np.array([1.0]), 1e22), np.exp(-2.42), rtol=2e-3)


@pytest.mark.parametrize("energy", [0.6536, 0.5740, 1.0218, 6.7004])
def test_the_strongest_lines_are_where_they_should_be(energy):
    table = read_line_table().select(energy - 0.01, energy + 0.01)
    strongest = table.energy[table.emissivity.max(axis=0).argmax()]
    assert abs(strongest - energy) < 0.001
