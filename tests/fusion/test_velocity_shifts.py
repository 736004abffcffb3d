"""Shifted spectra: what they span, how strong they are, and what they are good for."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from hifred.dims import LIGHT_SPEED_KM_S
from hifred.errors import SettingsError
from hifred.fusion import Fusion, FusionSettings, fuse
from hifred.fusion.assembly import Assembly
from hifred.fusion.subspace import Subspace
from hifred.fusion.velocity_shifts import with_shifts
from hifred.solvers.shape_variation import ShapeVariation
from hifred.transforms.doppler import velocity_slopes
from tests import scenes
from tests.mixing.four_regions import observe as observe_clumps
from tests.scenes import observe, sky_cube

SHAPE = (12, 15)
SETTINGS = FusionSettings(regularizer="guided")
VARIATION = ShapeVariation(np.diag([4.0, 3.0, 2.0, 1.0]))
# What images are of the brightness, component by component.
MIXTURE = np.array([3.0, 2.0, 1.0, 0.5])
SPEED = 500.0


@pytest.fixture(scope="module")
def assembly() -> Assembly:
    cube = sky_cube((48, *SHAPE), brightness=200.0)
    return Fusion(observe(cube, rng=np.random.default_rng(3)), SETTINGS).assembly


@pytest.fixture(scope="module")
def plain(assembly: Assembly) -> Subspace:
    return Subspace.of_rank(assembly, 4)


def with_moving_gas(plain: Subspace, speed: float) -> tuple[np.ndarray, ShapeVariation]:
    """Return spectra (energy, n) and how their images vary."""
    images = MIXTURE[:, None] * plain.assembly.brightness.ravel()
    subspace, variation = with_shifts(plain, VARIATION, images, velocity_km_s=speed)
    return subspace.basis, variation


def slopes_of(plain: Subspace) -> np.ndarray:
    """Return the slopes (energy, 2) of the first spectra, as fine as bins are."""
    sky = plain.assembly.sky
    return velocity_slopes(plain.basis[:, :2], sky.energy_edges, sky.reference_exposure)


def test_what_was_spanned_still_is_and_shifted_spectra_are(plain: Subspace) -> None:
    basis, slopes = with_moving_gas(plain, SPEED)[0], slopes_of(plain)
    assert_allclose(basis.T @ basis, np.eye(6), atol=1e-12)
    assert_allclose(basis @ (basis.T @ plain.basis), plain.basis, atol=1e-12)
    outside = slopes - basis @ (basis.T @ slopes)
    # But for what is finer than the resolution.
    assert np.linalg.norm(outside) < 0.1 * np.linalg.norm(slopes)


def test_the_variance_is_that_of_the_spectra_times_that_of_the_velocity(
    plain: Subspace,
) -> None:
    basis, variation = with_moving_gas(plain, SPEED)
    cube = basis @ variation.covariance @ basis.T
    own = plain.basis @ VARIATION.covariance @ plain.basis.T
    images = MIXTURE[:2] * plain.assembly.brightness.mean()
    moved = slopes_of(plain) * images * SPEED / LIGHT_SPEED_KM_S
    added = moved @ moved.T
    assert np.linalg.norm(cube - own - added) < 0.2 * np.linalg.norm(added)


def test_no_velocity_adds_nothing(plain: Subspace) -> None:
    basis, variation = with_moving_gas(plain, 0.0)
    assert_array_equal(basis, plain.basis)
    assert_allclose(variation.covariance, VARIATION.covariance, atol=1e-12)


def test_no_light_has_no_shifted_spectra(plain: Subspace) -> None:
    dark = np.zeros((4, SHAPE[0] * SHAPE[1]))
    subspace, _ = with_shifts(plain, VARIATION, dark, velocity_km_s=SPEED)
    assert_array_equal(subspace.basis, plain.basis)


def test_as_many_spectra_as_energies_leave_no_place_for_more() -> None:
    few = observe(sky_cube((5, *SHAPE)), rng=np.random.default_rng(3), energy_factor=1)
    found = fuse(few, SETTINGS.changed(rank=4))
    assert found.sizes["component"] == 5
    assert found.attrs["outcome"] == "converged"


def error(gradient: float, seed: int, **settings: float) -> float:
    """Return the squared error of a fusion of clumps, over the square of the sky."""
    ready = observe_clumps(gradient, seed, counts=1e5)
    found = fuse(ready.observations, SETTINGS.changed(**settings))
    truth = ready.truth["flux"].to_numpy()
    missed = np.sum((found["flux"].to_numpy() - truth) ** 2)
    return float(missed / np.sum(truth**2))


@pytest.mark.parametrize("seed", [1, 2])
def test_moving_gas_is_seen_better(seed: int) -> None:
    assert error(800.0, seed) < 0.92 * error(800.0, seed, velocity_km_s=0)


@pytest.mark.parametrize("seed", [1, 2])
def test_where_nothing_moves_within_clumps_little_is_lost(seed: int) -> None:
    assert error(0.0, seed) < 1.05 * error(0.0, seed, velocity_km_s=0)


def test_a_strength_means_the_same_whatever_the_velocity(assembly: Assembly) -> None:
    slow, fast = (
        fuse(assembly.observations, SETTINGS.changed(velocity_km_s=speed, rank=4))
        for speed in (0.0, SPEED)
    )
    assert float(slow["chosen_mu"]) == pytest.approx(float(fast["chosen_mu"]), rel=1e-9)


def test_energies_without_area_spoil_no_others(monkeypatch) -> None:
    instruments = scenes.instruments

    def blind(*given):
        found = instruments(*given)
        for settings in found.values():
            settings["effective_area"][:3] = 0
        return found

    monkeypatch.setattr(scenes, "instruments", blind)
    cube = sky_cube((48, *SHAPE), brightness=200.0)
    data = observe(cube, rng=np.random.default_rng(3))
    missed = []
    for speed in (0.0, 600.0):
        found = fuse(data, SETTINGS.changed(velocity_km_s=speed))
        scaled = (found["flux"] * found["reference_exposure"]).to_numpy()
        missed.append(np.sum((scaled - cube)[3:] ** 2))
    # 1.8 times as much without a limit.
    assert missed[1] < 1.1 * missed[0]


@pytest.mark.parametrize("speed", [-1.0, 20_000.0, "fast"])
def test_a_speed_that_is_none_is_refused(speed: object) -> None:
    with pytest.raises(SettingsError, match="velocity_km_s"):
        SETTINGS.changed(velocity_km_s=speed)
