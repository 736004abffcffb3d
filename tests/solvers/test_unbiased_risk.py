"""The risk of a strength: right in the mean over many counts, and its lowest point."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from hifred.functionals.shape_differences import ShapeDifferences
from hifred.solvers.counts_term import CountsTerm
from hifred.solvers.normal_counts import NormalCounts
from hifred.solvers.unbiased_risk import (
    MOST_STEPS,
    POWER,
    STEP,
    UnbiasedRisk,
    least_risk,
)
from tests.solvers.small_problems import DataTerm

SHAPE, N_CHANNELS = (5, 6), 4
BASIS = np.linalg.qr(np.array([[1.0, 1, 1, 1], [-3, -1, 1, 3]]).T)[0]
BASIS *= np.sign(BASIS[0, 0])
GUIDE = np.linspace(400.0, 900.0, 30).reshape(SHAPE)
# Far from what the prior expects, and dark at the last row.
TRUTH = np.stack([GUIDE / 2, 40 * np.sin(np.arange(30.0)).reshape(SHAPE)])
TRUTH[:, -1] = 0
PRECISION = np.eye(2) * 3e-5
FACTORS = (0.3, 3.0, 30.0)


def risks_and_errors(rng: np.random.Generator) -> np.ndarray:
    """Return risk and squared error (2, factor) of the counts of one observation."""
    mean = np.tensordot(BASIS, TRUTH, axes=1).reshape(N_CHANNELS, -1)
    counts = rng.poisson(mean).astype(float).reshape(-1, *SHAPE)
    data = DataTerm(np.eye(N_CHANNELS), np.eye(30), counts)
    term = CountsTerm(data.likelihood((N_CHANNELS, *SHAPE), BASIS))
    # Too large by a third, and where nothing is expected by far.
    variances = np.maximum(mean, 60) * 4 / 3
    start = np.zeros((2, 30))
    normal = NormalCounts([term], [variances], start)
    differences = ShapeDifferences(0.5, GUIDE)
    draws = [normal.draw_of_counts(rng) for _ in range(4)]
    risk = UnbiasedRisk(normal, differences, PRECISION, draws, start)
    errors = []
    for factor in FACTORS:
        hessian = normal.posterior(differences, factor * PRECISION)
        images, _ = hessian.solve(normal.source, 1e-8)
        errors.append(np.sum((term.expected(images) - mean) ** 2 / variances**POWER))
    return np.array([[risk(factor) for factor in FACTORS], errors])


def test_the_risk_is_the_error_but_for_a_constant_in_the_mean() -> None:
    rng = np.random.default_rng(3)
    runs = np.array([risks_and_errors(rng) for _ in range(60)])
    steps = np.diff(runs, axis=2)
    off = steps[:, 0] - steps[:, 1]
    scatter = off.std(axis=0) / np.sqrt(len(off))
    assert (np.abs(off.mean(axis=0)) < 3.5 * scatter).all()
    # It can tell: the errors of the factors differ by much more than that.
    assert (np.abs(steps[:, 1].mean(axis=0)) > 5 * scatter).all()


@pytest.mark.parametrize("lowest", [0.13, 0.8, 1.0, 2.4, 9.0])
def test_the_lowest_point_of_a_parabola_is_found(lowest: float) -> None:
    found = least_risk(lambda factor: np.log(factor / lowest) ** 2)
    assert_allclose(found, lowest)


@pytest.mark.parametrize("way", [-1, 1])
def test_a_risk_that_only_falls_ends_where_comparing_does(way: int) -> None:
    assert least_risk(lambda factor: -(factor**way)) == STEP ** (way * MOST_STEPS)


def test_a_flat_risk_keeps_the_strength() -> None:
    assert least_risk(lambda factor: 5.0) == 1.0
