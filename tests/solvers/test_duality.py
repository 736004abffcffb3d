"""Certificates of free cubes against the formulas written out in NumPy."""

import numpy as np
import pytest

from hifred.functionals.poisson import PoissonLikelihood
from hifred.operators.matrix import Dense, Identity
from hifred.operators.response import Response
from hifred.solvers.duality import LowerBound, missed_conditions

N_ENERGIES, N_CHANNELS, N_PIXELS = 6, 4, 9
SKY, DATA = (N_ENERGIES, 3, 3), (N_CHANNELS, 3, 3)


@pytest.fixture
def rng():
    return np.random.default_rng(1)


@pytest.fixture
def likelihood(rng):
    # Channels of a contiguous range of energies each; the last records nothing.
    spectral = np.zeros((N_CHANNELS, N_ENERGIES))
    for channel, some in enumerate((slice(0, 2), slice(1, 4), slice(4, 6))):
        spectral[channel, some] = rng.uniform(0.1, 1, some.stop - some.start)
    response = Response([(Dense(spectral), Identity(N_PIXELS))], SKY, DATA)
    return PoissonLikelihood(
        response,
        rng.poisson(2.0, DATA).astype(float),
        rng.uniform(0.1, 1, DATA),
        rng.random(DATA) < 0.8,
    )


def adjoint_of(likelihood, values):
    return likelihood.response.adjoint(np.where(likelihood.mask, values, 0))


@pytest.mark.parametrize("with_penalty", [False, True])
def test_the_lower_bound_is_that_of_ratios_made_feasible(rng, likelihood, with_penalty):
    ratios = rng.uniform(0.5, 1.5, DATA)
    seen = adjoint_of(likelihood, np.ones(DATA))
    penalty = 0.2 * rng.uniform(-1, 1, SKY) * seen if with_penalty else None
    gathered = adjoint_of(likelihood, ratios)
    allowed = seen if penalty is None else seen + penalty
    excess = (gathered / np.where(seen > 0, allowed, 1)).max(axis=(1, 2)).clip(1)
    recorded = likelihood.response.pairs[0][0].to_dense() != 0
    worst = np.where(recorded, excess, 1).max(axis=1)[:, None, None]
    lowered = ratios / worst
    terms = likelihood.counts * np.log(lowered) + likelihood.background * (1 - lowered)
    found = LowerBound([likelihood], seen).at([1 - ratios], seen - gathered, penalty)
    assert found == pytest.approx(terms[likelihood.mask].sum())


def test_nothing_is_proven_where_no_ratio_is_allowed(rng, likelihood):
    ratios = rng.uniform(0.5, 1.5, DATA)
    seen = adjoint_of(likelihood, np.ones(DATA))
    data, penalty = seen - adjoint_of(likelihood, ratios), np.zeros(SKY)
    bound = LowerBound([likelihood], seen)
    assert np.isfinite(bound.at([1 - ratios], data, penalty))
    penalty[2, 1, 1] = -1.01 * seen.max()
    assert bound.at([1 - ratios], data, penalty) == -np.inf


def test_a_ratio_of_zero_with_counts_proves_nothing(likelihood):
    ratios = np.ones(DATA)
    voxel = tuple(np.argwhere((likelihood.counts > 0) & likelihood.mask)[0])
    ratios[voxel] = 0
    seen = adjoint_of(likelihood, np.ones(DATA))
    data = seen - adjoint_of(likelihood, ratios)
    assert LowerBound([likelihood], seen).at([1 - ratios], data, None) == -np.inf


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("with_penalty", [False, True])
def test_what_the_conditions_miss(rng, dtype, with_penalty):
    cube, data, penalty = (rng.normal(size=SKY).astype(dtype) for _ in range(3))
    cube = np.abs(cube)
    more = penalty if with_penalty else np.zeros_like(penalty)
    expected = np.sum(cube * np.maximum(data + more, 0), dtype=float)
    if with_penalty:
        expected += 3.0 - np.sum(cube * penalty, dtype=float)
    found = missed_conditions(cube, data, penalty if with_penalty else None, 3.0)
    assert found == pytest.approx(expected, rel=1e-5)
