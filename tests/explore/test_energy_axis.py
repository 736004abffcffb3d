"""Energies and velocities on one axis."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from hifred.explore.energy_axis import EnergyAxis
from hifred.explore.step_figure import steps
from hifred.products.line_list import LINES

NAME = "Fe XXV He-alpha"


def test_a_line_that_recedes_has_a_positive_velocity() -> None:
    axis = EnergyAxis(NAME, 0.02, is_velocity=True)
    observed = LINES[NAME].energy_kev / 1.02
    assert axis.places(np.array(observed)) == pytest.approx(0.0, abs=1e-9)
    assert axis.places(np.array(observed * (1 - 1e-3))) == pytest.approx(299.792458)
    assert axis.label.startswith(f"velocity of {NAME} at z = 0.02")


@pytest.mark.parametrize("is_velocity", [False, True])
def test_places_and_energies_are_inverse(is_velocity) -> None:
    axis = EnergyAxis(NAME, 0.01, is_velocity)
    energies = np.linspace(6.0, 7.0, 7)
    assert_allclose(axis.energies(axis.places(energies)), energies)


def test_without_a_line_there_is_no_velocity() -> None:
    assert not EnergyAxis("", 0.0, is_velocity=True).shows_velocity
    assert np.isnan(EnergyAxis().observed_kev)


def test_the_band_of_a_line_reaches_equally_far() -> None:
    axis = EnergyAxis(NAME, is_velocity=True)
    assert_allclose(sorted(axis.places(np.array(axis.band(500.0)))), [-500, 500])


def test_a_step_line_of_velocities_increases_and_keeps_its_values() -> None:
    axis = EnergyAxis(NAME, is_velocity=True)
    edges, values = np.array([6.0, 6.5, 7.0]), np.array([1.0, 2.0])
    x, y = steps(axis, edges, values)
    assert (np.diff(x) > 0).all()
    assert y.tolist() == [2.0, 1.0, 1.0]
