"""Counts that a fit does not explain are told; a good fit is left alone."""

import numpy as np
import pytest

from hifred.fusion import FusionSettings, fuse
from hifred.posterior import posterior
from hifred.posterior.misfits import misfits
from tests.scenes import observe, sky_cube

LRS = FusionSettings(regularizer="lrs", mu=1e-3, rank=3)


@pytest.fixture(scope="module")
def observations():
    return observe(sky_cube((24, 9, 6), 200.0), rng=np.random.default_rng(1))


def brighter_at_the_end(observation, factor):
    counts = observation["counts"].copy(deep=True)
    counts[-1] = np.round(factor * counts[-1]).astype(counts.dtype)
    return observation.assign(counts=counts)


def test_a_good_fit_has_none(observations) -> None:
    assert misfits(fuse(observations, LRS), observations) == ()


def test_light_from_beyond_the_band_is_told(observations) -> None:
    leaky = dict(observations)
    leaky["imager"] = brighter_at_the_end(observations["imager"], 1.5)
    fit = fuse(leaky, LRS)
    (sentence, *_) = misfits(fit, leaky)
    assert sentence.startswith("The counts of 'imager' at ")
    assert "to 1 keV are " in sentence
    assert "above those of the fit" in sentence
    assert sentence in posterior(fit, leaky, n_draws=2).check.warnings
