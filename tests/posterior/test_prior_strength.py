"""How strong a penalty should have been, from fits with strengths that are wrong."""

import numpy as np
import pytest

from hifred.fusion import FusionSettings, fuse
from hifred.posterior import Sampler, posterior
from hifred.posterior.prior_strength import USUAL, PriorStrength
from tests.scenes import observe, sky_cube

SHAPE = (24, 18, 15)


@pytest.fixture(scope="module")
def observations():
    return observe(sky_cube(SHAPE, 100.0), rng=np.random.default_rng(1))


def guided(observations, **settings):
    return fuse(observations, FusionSettings(regularizer="guided", rank=2, **settings))


@pytest.fixture(scope="module")
def right(observations):
    """Return the strength that the counts ask for."""
    first = guided(observations)
    ratio = Sampler(first, observations).strength.overall
    return float(first["chosen_mu"]) * USUAL / ratio


@pytest.mark.parametrize("factor", [0.1, 10.0])
def test_the_ratio_tells_how_wrong_a_strength_is(observations, right, factor) -> None:
    fit = guided(observations, mu=factor * right)
    found = Sampler(fit, observations).strength.overall / USUAL
    # Not to better than this: the sky is no draw of the prior.
    assert factor / 5 < found < factor * 5


def test_ten_times_too_strong_is_said_in_one_sentence(observations, right) -> None:
    draws = posterior(guided(observations, mu=10 * right), observations, n_draws=2)
    (sentence,) = draws.check.warnings
    assert sentence.startswith("The penalty is about ")
    assert "times too strong" in sentence
    well = posterior(guided(observations, mu=right), observations, n_draws=2)
    assert well.check.warnings == ()


def test_a_strength_that_was_chosen_from_the_counts_is_not_judged(
    observations, monkeypatch
) -> None:
    sampler = Sampler(guided(observations), observations)
    monkeypatch.setitem(
        vars(sampler), "strength", PriorStrength(np.ones(2), 10 * USUAL)
    )
    assert sampler.strength.warnings
    assert sampler.warnings == ()


def test_too_weak_is_said_too() -> None:
    (sentence,) = PriorStrength(np.ones(2), USUAL / 20).warnings
    assert "about 20 times too weak" in sentence
