"""The Poisson term of the interior-point method."""

import numpy as np
import pytest
import scipy.special

from hifred.functionals.poisson import PoissonLikelihood
from hifred.operators.matrix import Dense, Identity
from hifred.operators.response import Response
from hifred.solvers.counts_term import CountsTerm


def make_term(counts, mask=None):
    n_channels, n_pixels = counts.shape
    shape = (n_channels, 1, n_pixels)
    pairs = [(Dense(np.eye(n_channels)), Identity(n_pixels))]
    response = Response(pairs, shape, shape)
    used = None if mask is None else mask.reshape(shape)
    return CountsTerm(PoissonLikelihood(response, counts.reshape(shape), mask=used))


def test_divergence_is_that_of_scipy_also_far_below_one_count():
    rng = np.random.default_rng(1)
    counts = rng.poisson(1.0, (5, 40)).astype(float)
    expected = rng.uniform(0.1, 3, counts.shape) * 10.0 ** rng.integers(-30, 1, (5, 40))
    found = make_term(counts).divergence(expected)
    assert found == pytest.approx(scipy.special.kl_div(counts, expected).sum())


@pytest.mark.parametrize(("count", "value"), [(0.0, -1e-3), (2.0, -1e-3), (2.0, 0.0)])
def test_divergence_is_infinite_outside_its_domain(count, value):
    counts, expected = np.full((2, 3), 2.0), np.ones((2, 3))
    counts[1, 1], expected[1, 1] = count, value
    assert make_term(counts).divergence(expected) == np.inf
    mask = np.ones((2, 3), bool)
    mask[1, 1] = False
    assert make_term(counts, mask).divergence(expected) == pytest.approx(
        5 * scipy.special.kl_div(2.0, 1.0)
    )


def test_divergence_is_zero_at_the_counts():
    counts = np.arange(6.0).reshape(2, 3)
    assert make_term(counts).divergence(counts) == pytest.approx(0, abs=1e-12)
