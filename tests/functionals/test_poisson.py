"""The Poisson divergence: gradient, zero, extension and mask."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from hifred.functionals.poisson import PoissonLikelihood
from hifred.operators.matrix import Identity
from hifred.operators.response import Response
from tests.laws import assert_gradient
from tests.operators.test_response import spectrometer

RNG = np.random.default_rng(11)
SHAPE = (4, 6, 9)


def likelihood(**options) -> PoissonLikelihood:
    response = spectrometer(SHAPE)
    counts = RNG.poisson(response.apply(RNG.random(SHAPE)))
    return PoissonLikelihood(response, counts, **options)


def test_the_gradient_is_the_slope_of_the_value() -> None:
    background = np.full((4, 2, 3), 0.3)
    mask = RNG.random((4, 2, 3)) > 0.3
    functional = likelihood(background=background, mask=mask)
    assert_gradient(functional, RNG.random(SHAPE) + 0.5, RNG.standard_normal(SHAPE))


def test_it_differs_from_the_log_likelihood_by_a_constant() -> None:
    functional = likelihood()

    def negative_log_likelihood(x: np.ndarray) -> float:
        m = functional.expected_counts(x)
        return float(np.sum(m - functional.counts * np.log(m)))

    x, y = RNG.random(SHAPE), RNG.random(SHAPE)
    assert_allclose(
        functional.value(x) - functional.value(y),
        negative_log_likelihood(x) - negative_log_likelihood(y),
    )


def test_a_perfect_fit_is_zero() -> None:
    response = Response([(Identity(2), Identity(6))], (2, 2, 3), (2, 2, 3))
    counts = np.arange(1, 13).reshape(2, 2, 3)
    functional = PoissonLikelihood(response, counts)
    assert functional.value(counts.astype(float)) == pytest.approx(0, abs=1e-12)
    assert_allclose(functional.gradient(counts.astype(float)), 0, atol=1e-14)


def test_negative_expected_counts_are_never_rewarded() -> None:
    functional = likelihood(floor=1e-3)
    floor = np.full(functional.counts.shape, 1e-3)
    assert functional.divergence(floor - 1.0) > functional.divergence(floor)
    below = np.full(SHAPE, -1e-4)
    assert_gradient(functional, below, RNG.random(SHAPE), step=1e-6)


def test_masked_voxels_do_not_count() -> None:
    mask = np.ones((4, 2, 3), bool)
    mask[1, 0, 2] = False
    functional = likelihood(mask=mask)
    expected = functional.expected_counts(np.ones(SHAPE))
    before = functional.divergence(expected)
    expected[1, 0, 2] = np.nan
    assert functional.divergence(expected) == before
