"""Sampling a fusion: what is drawn, what is refused."""

import json

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from hifred.errors import HifredError
from hifred.fusion import FusionSettings, active_settings, fuse
from hifred.fusion.result import settings_text
from hifred.posterior import Sampler, posterior
from hifred.simulation import simulate_model
from hifred.solvers.nearby_minimum import NearbyMinimum
from tests.scenes import observe, sky_cube

SHAPE = (24, 9, 6)
LRS = FusionSettings(regularizer="lrs", mu=1e-3, rank=3)


@pytest.fixture(scope="module")
def observations():
    return observe(sky_cube(SHAPE), rng=np.random.default_rng(1))


@pytest.fixture(scope="module")
def result(observations):
    return fuse(observations, LRS)


@pytest.fixture(scope="module")
def draws(result, observations):
    return posterior(result, observations, n_draws=8, seed=4)


def test_draws_lie_around_the_fit(draws, result):
    assert draws.count == 8
    assert_allclose(draws.fit, result["flux"], rtol=1e-4, atol=1e-6)
    assert_array_equal(draws.fit["energy"], result["energy"])
    error = draws.standard_error()
    cubes = np.stack(list(draws.cubes()))
    pull = (cubes.mean(axis=0) - result["flux"]) / error.where(error > 0)
    assert float(np.abs(pull).mean()) < 1.5
    assert 0 < float(error.mean()) < float(result["flux"].mean())


def test_a_draw_depends_on_its_seed_and_number_alone(draws, result, observations):
    few = posterior(result, observations, n_draws=3, seed=4)
    name = "drawn_coefficients"
    assert_array_equal(few.data[name], draws.data[name][..., :3])
    others = posterior(result, observations, n_draws=3, seed=5)
    assert np.abs(others.data[name] - few.data[name]).max() > 0


def test_the_cube_of_a_draw_is_that_of_the_draws(result, observations):
    sampler = Sampler(result, observations)
    images = [sampler.draw(3, i_draw) for i_draw in range(2)]
    for image, cube in zip(
        images, sampler.draws(np.stack(images, axis=-1)).cubes(), strict=True
    ):
        # Draws are kept in single precision.
        assert_allclose(sampler.cube(image), cube, rtol=1e-4, atol=1e-6)


def test_guided_can_be_sampled(observations):
    guided = fuse(observations, FusionSettings(regularizer="guided", rank=3))
    done = []
    draws = posterior(guided, observations, n_draws=2, on_draw=done.append)
    assert done == [1, 2]
    assert_allclose(draws.fit, guided["flux"], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    "settings",
    [
        {"regularizer": "w2d1d", "mu": 1.0},
        {"regularizer": "none"},
        {"regularizer": "lrw2d", "mu": 1.0, "rank": 3},
        {"regularizer": "lrs", "mu": 1.0, "rank": 3, "solver": "paper"},
    ],
    ids=lambda s: "-".join(map(str, s.values())),
)
def test_other_regularisers_are_refused(settings, observations, result):
    settings = FusionSettings(**settings)
    # As they would have ended: fitting them takes longer than the suite may.
    other = result.assign_attrs(settings=settings_text(active_settings(settings)))
    if settings.regularizer in ("w2d1d", "none"):
        other = other.drop_vars(["spectral_basis", "coefficients"])
    with pytest.raises(HifredError, match=f"got '{settings.regularizer}' with solver"):
        posterior(other, observations)


def test_what_has_not_converged_is_refused(observations):
    early = fuse(observations, LRS.changed(max_iterations=2))
    with pytest.raises(HifredError, match=r"must be converged.*got 'step_limit'"):
        posterior(early, observations)


def test_a_fusion_with_another_penalty_is_refused(observations):
    fit = fuse(observations, FusionSettings(regularizer="guided", rank=2))
    earlier = fit.assign(chosen_mu=1.5 * fit["chosen_mu"])
    with pytest.raises(HifredError, match=r"penalty of this version.*Fuse again"):
        Sampler(earlier, observations)


def test_a_fusion_of_other_spectra_is_refused(observations):
    settings = FusionSettings(regularizer="guided", rank=2, velocity_km_s=0)
    fit = fuse(observations, settings)
    later = json.dumps(json.loads(fit.attrs["settings"]) | {"velocity_km_s": 600.0})
    with pytest.raises(HifredError, match=r"of 3 spectra.*got 2.*Fuse again"):
        Sampler(fit.assign_attrs(settings=later), observations)


def test_another_input_is_refused(result, observations):
    other = observe(sky_cube(SHAPE), rng=np.random.default_rng(2))
    with pytest.raises(HifredError, match="must be those that were fused"):
        posterior(result, other)
    renamed = {f"my-{name}": o for name, o in observations.items()}
    with pytest.raises(HifredError, match="an instrument 'my-imager'"):
        posterior(result, renamed)


def test_what_is_no_fusion_is_refused(result, observations):
    bare = result.drop_attrs()
    with pytest.raises(HifredError, match="must be a fusion with its settings"):
        posterior(bare, observations)


def test_one_draw_is_too_few(result, observations):
    with pytest.raises(HifredError, match="n_draws must be at least 2; got 1"):
        posterior(result, observations, n_draws=1)


def test_a_draw_that_does_not_settle_is_told(result, observations, monkeypatch):
    minimum = NearbyMinimum.minimum

    def unsettled(self, tilt, counts=None):
        if tilt.any():
            raise ArithmeticError("it swings.")
        return minimum(self, tilt, counts)

    monkeypatch.setattr(NearbyMinimum, "minimum", unsettled)
    with pytest.raises(HifredError, match=r"draw 0 of seed 3: it swings.*another seed"):
        posterior(result, observations, seed=3)


def test_the_settings_come_with_the_draws(draws, result):
    assert json.loads(draws.data.attrs["settings"])["regularizer"] == "lrs"


@pytest.mark.slow
def test_draws_lie_around_the_fit_where_its_wall_binds():
    toy = simulate_model(
        "gaussian_1kev_rebinned", shape=(15, 12), n_energies=120, counts=3e5
    )
    guided = fuse(toy.observations, FusionSettings(regularizer="guided", rank=3))
    draws = posterior(guided, toy.observations, n_draws=20)

    def knot(cube):
        return cube.isel(y=slice(6, 9), x=slice(5, 8)).sel(energy=slice(0.6, 0.8)).sum()

    around = draws.each(knot)
    assert abs(knot(draws.fit) - around.mean()) < around.std()
    assert abs(knot(toy.truth["flux"]) - around.mean()) < 2 * around.std()


@pytest.mark.parametrize(
    "settings",
    [{"regularizer": "lrs", "mu": 1e-3, "rank": 3}, {"regularizer": "guided"}],
    ids=lambda s: s["regularizer"],
)
def test_draws_of_dark_pixels_are_dark(settings):
    toy = simulate_model(
        "gaussian_1kev_rebinned", shape=(18, 15), n_energies=60, counts=1e5
    )
    fit = fuse(toy.observations, FusionSettings(**settings))
    draws = posterior(fit, toy.observations, n_draws=6)
    counts = toy.observations["imager"]["counts"].sum("channel").to_numpy()
    image = fit["flux"].sum("energy").to_numpy()
    per_count = image.sum() / counts.sum()
    # The fit, or the counts where it is blurred, and a few errors of the limit.
    expected = np.maximum(image / per_count, counts)
    most = expected + 6 * np.sqrt(expected + 1)
    drawn = draws.each(lambda cube: cube.sum("energy")).to_numpy() / per_count
    assert (drawn < most).all()


@pytest.mark.parametrize("counts", [30, 100, 300])
def test_few_counts_do_not_move_draws_away(counts):
    toy = simulate_model(
        "gaussian_1kev_rebinned", shape=(18, 15), n_energies=60, counts=counts
    )
    fit = fuse(toy.observations, FusionSettings(regularizer="guided"))
    total = posterior(fit, toy.observations, n_draws=20).each(lambda cube: cube.sum())
    away = (total - fit["flux"].sum()) / fit["flux"].sum()
    # Noise of so many counts, in two instruments.
    assert float(np.sqrt(np.mean(away**2))) < 3 / np.sqrt(counts)


def test_a_fit_that_is_near_no_minimum_is_refused(result, observations, monkeypatch):
    monkeypatch.setattr("hifred.solvers.nearby_minimum.MOST_STEPS", 0)
    with pytest.raises(HifredError, match=r"can lie around.*settled.*stronger penalty"):
        posterior(result, observations)


def test_a_cube_without_penalty_is_drawn_without_a_word(observations):
    fit = fuse(observations, FusionSettings(regularizer="low_rank", rank=2))
    draws = posterior(fit, observations, n_draws=2)
    assert np.isfinite(draws.data["drawn_coefficients"]).all()
    assert draws.check.warnings == ()
