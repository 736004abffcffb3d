"""Shifted spectra: what they span, how strong they are, and what they are good for."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from hifred.dims import LIGHT_SPEED_KM_S
from hifred.fusion import Fusion, FusionSettings, fuse
from hifred.fusion.assembly import Assembly
from hifred.fusion.subspace import Subspace
from hifred.fusion.velocity_shifts import with_shifts
from hifred.solvers.shape_variation import ShapeVariation
from hifred.transforms.doppler import velocity_slopes
from tests.scenes import observe, sky_cube

N_ENERGIES, SHAPE = 48, (12, 15)
SETTINGS = FusionSettings(regularizer="guided")


@pytest.fixture(scope="module")
def assembly() -> Assembly:
    cube = sky_cube((N_ENERGIES, *SHAPE), brightness=200.0)
    return Fusion(observe(cube, rng=np.random.default_rng(3)), SETTINGS).assembly


@pytest.fixture(scope="module")
def plain(assembly: Assembly) -> Subspace:
    return Subspace.of_rank(assembly, 4)


def images(assembly: Assembly) -> np.ndarray:
    """Return coefficients (component, pixel) that go with the brightness."""
    return np.array([3.0, 2.0, 1.0, 0.5])[:, None] * assembly.brightness.ravel()


def shifted(plain: Subspace, velocity: float) -> tuple[Subspace, ShapeVariation]:
    found = images(plain.assembly)
    variation = ShapeVariation(np.diag([4.0, 3.0, 2.0, 1.0]))
    return with_shifts(plain, variation, found, velocity_km_s=velocity)


def test_what_was_spanned_still_is_and_shifted_spectra_are(plain: Subspace) -> None:
    subspace, _ = shifted(plain, 500.0)
    basis, sky = subspace.basis, plain.assembly.sky
    assert_allclose(basis.T @ basis, np.eye(6), atol=1e-12)
    assert_allclose(basis @ (basis.T @ plain.basis), plain.basis, atol=1e-12)
    slopes = velocity_slopes(
        plain.basis[:, :2], sky.energy_edges, sky.reference_exposure
    )
    outside = slopes - basis @ (basis.T @ slopes)
    # But for what is finer than the resolution.
    assert np.linalg.norm(outside) < 0.03 * np.linalg.norm(slopes)


def test_the_variance_is_that_of_the_spectra_times_that_of_the_velocity(
    plain: Subspace,
) -> None:
    subspace, variation = shifted(plain, 500.0)
    basis = subspace.basis
    cube = basis @ variation.covariance @ basis.T
    own = plain.basis @ np.diag([4.0, 3.0, 2.0, 1.0]) @ plain.basis.T
    assembly = plain.assembly
    slopes = velocity_slopes(
        plain.basis[:, :2], assembly.sky.energy_edges, assembly.sky.reference_exposure
    )
    mean = assembly.brightness.mean()
    spreads = np.array([3.0, 2.0]) * mean * 500.0 / LIGHT_SPEED_KM_S
    expected = own + (slopes * spreads) ** 2 @ np.ones((2, 1)) * 0
    expected = own + (slopes * spreads) @ (slopes * spreads).T
    assert_allclose(cube, expected, atol=0.05 * np.abs(expected - own).max())


def test_no_velocity_and_no_light_add_nothing(plain: Subspace) -> None:
    subspace, variation = shifted(plain, 0.0)
    assert_array_equal(subspace.basis, plain.basis)
    assert_allclose(variation.covariance, np.diag([4.0, 3.0, 2.0, 1.0]))
    dark = np.zeros((4, SHAPE[0] * SHAPE[1]))
    subspace, _ = with_shifts(plain, variation, dark, velocity_km_s=500.0)
    assert_array_equal(subspace.basis, plain.basis)


def test_as_many_spectra_as_energies_leave_no_place_for_more(
    assembly: Assembly,
) -> None:
    few = observe(sky_cube((5, *SHAPE)), rng=np.random.default_rng(3), energy_factor=1)
    found = fuse(few, SETTINGS.changed(rank=4))
    assert found.sizes["component"] == 5
    assert found.attrs["outcome"] == "converged"


def turning_sky(turn_km_s: float) -> np.ndarray:
    """Return a cube (energy, y, x): a line that moves from side to side, continuum."""
    return np.zeros(0)
