"""The self-check by refits of simulated draws."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from hifred.errors import HifredError
from hifred.fusion import FusionSettings, fuse
from hifred.posterior import Sampler, check_by_refits, posterior
from hifred.posterior import refits as refits_module
from tests.scenes import observe, sky_cube

SHAPE = (24, 9, 6)


@pytest.fixture(scope="module")
def observations():
    return observe(sky_cube(SHAPE, 200.0), rng=np.random.default_rng(1))


@pytest.fixture(scope="module")
def sampler(observations):
    settings = FusionSettings(regularizer="guided", rank=2)
    return Sampler(fuse(observations, settings), observations)


def test_a_refit_tells_the_coverage(sampler) -> None:
    steps = []
    check = check_by_refits(sampler, n_refits=1, on_progress=steps.append)
    assert steps == ["check 1 of 1"]
    assert check.n_refits == 1
    assert list(check.coverage) == ["bands", "regions", "voxels"]
    for shares in check.coverage.values():
        assert 0.2 < shares[68] < shares[95] <= 1
    assert "of 1 refitted draw." in check.sentence


def test_the_sky_of_a_refit_shines_as_its_draw_does() -> None:
    drawn = np.random.default_rng(2).normal(1.0, 2.0, (30, 3, 4))
    drawn[:, 0, 0] = -1
    sky = refits_module._shining(drawn)
    assert sky.min() == 0
    assert_allclose(sky.sum(axis=0), np.maximum(drawn.sum(axis=0), 0))


def test_checks_are_the_same_for_the_same_seed(sampler, observations) -> None:
    draws = posterior(sampler.result, observations, n_draws=2, n_checks=1, seed=3)
    assert draws.check == check_by_refits(sampler, n_refits=1, seed=3)


def test_without_refits_only_the_strength_is_judged(sampler) -> None:
    check = check_by_refits(sampler, n_refits=0)
    assert (check.coverage, check.n_refits) == ({}, 0)
    assert check.warnings == sampler.warnings


def test_a_refit_that_fails_is_told(sampler, monkeypatch) -> None:
    def failing(observations, settings):
        raise HifredError("it has not converged.")

    monkeypatch.setattr(refits_module, "fuse", failing)
    check = check_by_refits(sampler, n_refits=1)
    assert check.n_refits == 0
    assert check.warnings[-1] == (
        "A simulated draw could not be refitted: it has not converged."
    )


@pytest.mark.parametrize(
    ("share", "words"),
    [(0.45, "take their errors for lower limits"), (0.9, "errors are too wide")],
)
def test_intervals_far_from_what_they_say_are_told(
    sampler, monkeypatch, share, words
) -> None:
    shares = {"regions": {68: share, 95: 0.9}, "bands": {68: 0.68, 95: 0.95}}
    monkeypatch.setattr(refits_module, "_coverage", lambda *_: shares)
    *_, sentence = check_by_refits(sampler, n_refits=2).warnings
    assert sentence.startswith(f"68 % intervals of regions cover {100 * share:.0f} %: ")
    assert words in sentence
