import numpy as np
import pytest
from numpy.testing import assert_allclose

from hifred.functionals.sparse_cube import SparseCube, plane_noise
from hifred.functionals.varying_strength import varying_strength
from hifred.solvers import cube_metric
from hifred.solvers.primal_dual import CubeProblem, PrimalDual
from hifred.solvers.primal_dual_state import PrimalDualState
from hifred.solvers.solver import iterate, solve
from hifred.solvers.stopping import Outcome
from hifred.threads import use_threads
from hifred.transforms.starlet import Starlet2D1D
from tests.solvers.oracle import oracle
from tests.solvers.small_problems import SmallProblem, small_problem

CASES = {
    "rebinned": {},
    "same_grid": {"rebin": False, "shape": (9, 5, 4)},
    "areas_are_one": {"areas": False, "shape": (6, 4, 8)},
    "background": {"background": True},
    "mask": {"mask": True, "background": True, "rebin": False, "shape": (9, 5, 4)},
    "few_counts": {"level": 0.7, "background": True},
}


def penalty_of(problem: SmallProblem, mu: float | str | None) -> SparseCube | None:
    if mu is None:
        return None
    transform = Starlet2D1D(problem.shape, 1, 2)
    noise = plane_noise(problem.likelihoods(), start_of(problem), transform)
    if mu == "varying":
        strength = varying_strength(transform.coarse(start_of(problem)))
        return SparseCube(transform, noise, strength)
    return SparseCube(transform, noise, mu)


def start_of(problem: SmallProblem) -> np.ndarray:
    return np.full(problem.shape, problem.sky.mean())


def solver_of(problem: SmallProblem, mu=None, **options) -> PrimalDual:
    defaults = {"tolerance": 1e-6, "max_iterations": 1500, "dtype": np.float64}
    cube_problem = CubeProblem(
        problem.likelihoods(), start_of(problem), penalty_of(problem, mu)
    )
    return PrimalDual(cube_problem, **(defaults | options))


def solved(solver: PrimalDual) -> PrimalDualState:
    return solve(solver, solver.start())


def dense_rows(penalty: SparseCube) -> np.ndarray:
    """Return the matrix of all weighted coefficients, one transform per voxel."""
    shape = penalty.transform.input_shape
    strength = np.broadcast_to(penalty.strength, shape)
    columns = []
    for unit in np.eye(int(np.prod(shape))):
        fine = penalty.transform.apply(unit.reshape(shape))[:-1, :-1]
        columns.append(fine * penalty.weights[..., None, None, None] * strength)
    return np.stack([c.ravel() for c in columns], axis=1)


@pytest.mark.parametrize("mu", [None, 1.0, 8.0, "varying"])
@pytest.mark.parametrize("case", CASES)
def test_objective_agrees_with_an_independent_solver(case, mu):
    if mu in (8.0, "varying") and case not in ("rebinned", "mask"):
        pytest.skip("one case of each kind is enough")
    problem = small_problem(**CASES[case])
    solver = solver_of(problem, mu)
    penalty = solver.problem.penalty
    l1 = [] if penalty is None else [dense_rows(penalty)]
    best, _ = oracle(problem.terms.values(), problem.sky.size, l1=l1)
    state = solved(solver)
    assert state.cube.min() >= 0
    assert state.cost == pytest.approx(best, rel=1e-5)


def test_the_pace_of_multipliers_follows_a_strong_penalty(monkeypatch):
    problem = small_problem()
    followed = solved(solver_of(problem, 4.0, tolerance=1e-4))
    monkeypatch.setattr(cube_metric, "WEIGHT_PER_STRENGTH", 0)
    crawled = solved(solver_of(problem, 4.0, tolerance=1e-4))
    assert followed.cost == pytest.approx(crawled.cost, rel=1e-4)
    assert followed.iteration < crawled.iteration / 2


def test_the_gap_bounds_the_distance_to_the_minimum():
    problem = small_problem(background=True)
    best, _ = oracle(problem.terms.values(), problem.sky.size)
    solver = solver_of(problem, tolerance=1e-12, max_iterations=60)
    for state in iterate(solver, solver.start()):
        assert state.cost - best <= state.gaps[-1] * state.cost + 1e-6 * best
    assert state.gaps[-1] < 1e-3


@pytest.mark.parametrize("mu", [None, 1.0])
def test_the_certificate_follows_the_distance_to_the_minimum(mu):
    problem = small_problem()
    solver = solver_of(problem, mu, tolerance=1e-4)
    state = solved(solver)
    penalty = solver.problem.penalty
    l1 = [] if penalty is None else [dense_rows(penalty)]
    best, _ = oracle(problem.terms.values(), problem.sky.size, l1=l1)
    assert state.outcome is Outcome.CONVERGED
    assert state.cost == pytest.approx(best, rel=1e-4)


def test_what_the_conditions_miss_is_the_gap_to_cubes_nowhere_brighter():
    problem = small_problem(background=True, mask=True)
    solver = solver_of(problem, 1.0, max_iterations=3)
    state = solved(solver)
    data, penalty = solver._mean_slopes(state)
    bound = 0.0
    for f, dual in zip(solver._terms, state.means, strict=False):
        terms = f.counts * np.log1p(-dual) + f.background * dual
        bound += float(np.sum(terms, where=f.mask))
    bound += float(np.sum(state.cube * np.minimum(data + penalty, 0)))
    assert state.certificate == pytest.approx(1 - bound / state.cost, rel=1e-6)


@pytest.mark.parametrize("mu", [None, 1.0])
def test_a_resumed_solve_is_the_uninterrupted_one(mu):
    problem = small_problem(mask=True)
    options = {"tolerance": 1e-12, "max_iterations": 20, "dtype": np.float32}
    solver = solver_of(problem, mu, **options)
    state = solver.start()
    for _ in range(7):
        state = solver.step(state)
    saved = state.arrays()
    assert len({id(array) for array in saved.values()}) == len(saved)
    whole = solve(solver, state)
    fresh = solver_of(problem, mu, **options)
    resumed = solve(fresh, fresh.restore(saved))
    for name, array in whole.arrays().items():
        assert np.array_equal(array, resumed.arrays()[name]), name


def test_single_precision_finds_the_same_minimum():
    problem = small_problem()
    costs = [
        solved(solver_of(problem, 1.0, tolerance=1e-4, dtype=dtype)).cost
        for dtype in (np.float32, np.float64)
    ]
    assert costs[0] == pytest.approx(costs[1], rel=1e-3)


def test_result_does_not_depend_on_the_number_of_threads():
    problem = small_problem()
    cubes = []
    for n_threads in (1, 2):
        with use_threads(n_threads):
            solver = solver_of(problem, 1.0, max_iterations=10)
            cubes.append(solved(solver).cube)
    assert_allclose(cubes[0], cubes[1], rtol=1e-9, atol=1e-9)


def test_a_limit_of_iterations_is_named():
    state = solved(solver_of(small_problem(), max_iterations=2))
    assert state.outcome is Outcome.STEP_LIMIT
    assert state.iteration == 2
    assert state.costs.shape == (3, 4)


def test_no_counts_is_an_outcome():
    problem = small_problem(level=1e-12)
    assert solver_of(problem).start().outcome is Outcome.EMPTY


def test_a_value_that_is_not_a_number_is_named():
    problem = small_problem()
    problem.terms["imager"].counts[0, 0, 0] = np.nan
    assert solver_of(problem).start().outcome is Outcome.NOT_FINITE


def test_the_noise_grows_with_the_sensitivity():
    problem = small_problem()
    transform = Starlet2D1D(problem.shape, 1, 2)
    noise = plane_noise(problem.likelihoods(), start_of(problem), transform)
    brighter = plane_noise(problem.likelihoods(), 4 * start_of(problem), transform)
    assert_allclose(brighter, noise / 2, rtol=1e-6)
