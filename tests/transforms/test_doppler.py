"""The change of spectra with velocity: finite differences, photons kept, exposure."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from hifred.dims import LIGHT_SPEED_KM_S
from hifred.transforms.doppler import velocity_slopes

EDGES = np.linspace(0.9, 1.1, 2001)
UNEVEN = 0.9 * (11 / 9) ** np.linspace(0, 1, 2001)
FLAT = np.ones(2000)


def line(edges: np.ndarray, velocity_km_s: float) -> np.ndarray:
    """Return the photons (energy,) of a line of a source that recedes."""
    energy = 0.5 * (edges[1:] + edges[:-1])
    shift = 1 - velocity_km_s / LIGHT_SPEED_KM_S
    return np.exp(-0.5 * ((energy / shift - 1) / 2e-3) ** 2) / shift * np.diff(edges)


@pytest.mark.parametrize(
    "edges", [EDGES, EDGES[0] * (11 / 9) ** np.linspace(0, 1, 2001)]
)
def test_a_line_moves_as_far_as_its_source(edges: np.ndarray) -> None:
    slopes = velocity_slopes(line(edges, 0.0)[:, None], edges, FLAT)[:, 0]
    change = line(edges, 5.0) - line(edges, -5.0)
    assert_allclose(
        slopes * 10.0 / LIGHT_SPEED_KM_S, change, atol=0.01 * np.abs(change).max()
    )


def test_photons_of_a_line_are_kept() -> None:
    slopes = velocity_slopes(line(EDGES, 0.0)[:, None], EDGES, FLAT)
    assert abs(slopes.sum()) < 1e-9 * np.abs(slopes).sum()


def test_edges_of_the_exposure_do_not_move() -> None:
    exposure = np.where(EDGES[1:] < 1.05, 3.0, 1.0)
    flux = line(EDGES, 0.0)[:, None]
    seen = velocity_slopes(exposure[:, None] * flux, EDGES, exposure)
    expected = exposure[:, None] * velocity_slopes(flux, EDGES, FLAT)
    assert_allclose(seen, expected, atol=1e-12 * np.abs(expected).max())


@pytest.mark.parametrize("dark", [np.s_[:40], np.s_[900:1100], np.s_[-1:]])
def test_bins_that_nothing_sees_have_no_slope_and_leave_others_theirs(
    dark: slice,
) -> None:
    # What is left of spectra there is no light, and large over the exposure.
    exposure = FLAT.copy()
    exposure[dark] = 1e-6
    flux = 1 + line(EDGES, 0.0)[:, None] / line(EDGES, 0.0).max()
    spectra = exposure[:, None] * flux
    spectra[dark] = 1e-3
    found, expected = (
        velocity_slopes(s, EDGES, a) for s, a in ((spectra, exposure), (flux, FLAT))
    )
    assert_array_equal(found[dark], 0)
    far = np.ones(len(FLAT), bool)
    far[dark] = False
    far[1:] &= far[:-1]
    far[:-1] &= far[1:]
    largest = np.abs(expected).max()
    assert_allclose(found[far], expected[far], atol=1e-9 * largest)


def test_one_energy_has_no_slope() -> None:
    assert_array_equal(velocity_slopes(np.ones((1, 2)), EDGES[:2], FLAT[:1]), 0)
