import numpy as np
import pytest

from tests.solvers.oracle import oracle
from tests.solvers.small_problems import DataTerm, small_problem


def test_counts_that_fit_perfectly_have_no_divergence():
    counts = np.array([3.0, 0.0, 7.0]).reshape(3, 1, 1)
    value, cube = oracle([DataTerm(np.eye(3), np.eye(1), counts)], 3)
    assert value == pytest.approx(0, abs=1e-5)
    assert cube == pytest.approx(counts.ravel(), abs=1e-3)


def test_an_l1_penalty_shrinks_as_worked_by_hand():
    # m - 6 ln m + 2 m has its minimum at m = 2.
    term = DataTerm(np.eye(1), np.eye(1), np.full((1, 1, 1), 6.0))
    _, cube = oracle([term], 1, l1=[2 * np.eye(1)])
    assert cube == pytest.approx(2, rel=1e-4)


def test_no_cube_nearby_is_better():
    problem = small_problem((6, 4, 2), background=True, mask=True)
    value, cube = oracle(problem.terms.values(), problem.sky.size)
    likelihoods = problem.likelihoods().values()
    rng = np.random.default_rng(5)
    cube = np.maximum(cube, 0).reshape(problem.shape)
    best = sum(item.value(cube) for item in likelihoods)
    assert best == pytest.approx(value, rel=1e-6)
    for _ in range(20):
        near = cube * (1 + 0.01 * rng.standard_normal(cube.shape))
        assert sum(item.value(near) for item in likelihoods) >= best - 1e-6
