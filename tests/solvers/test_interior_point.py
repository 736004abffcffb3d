"""The interior-point solver against an independent convex solver."""

import itertools

import numpy as np
import pytest

from hifred.errors import SchemaError
from hifred.functionals.gradient_noise import gradient_noise
from hifred.functionals.image_sparsity import ImageSparsity, noise_weights
from hifred.functionals.shape_differences import ShapeDifferences
from hifred.functionals.sobolev import SquaredDifferences
from hifred.solvers.interior_point import InteriorPoint, InteriorPointState
from hifred.solvers.low_rank_problem import LowRankProblem
from hifred.solvers.solver import solve
from hifred.solvers.stopping import Outcome
from hifred.transforms.low_rank import spectral_basis
from hifred.transforms.starlet import Starlet2D
from tests.solvers.oracle import oracle
from tests.solvers.small_problems import SmallProblem, small_problem

RANK = 3
PROBLEMS = {
    "rebinned": {},
    "same grid": {"rebin": False},
    "background": {"background": True, "shape": (6, 8, 4)},
    "mask": {"mask": True, "background": True},
    "no areas": {"areas": False, "shape": (9, 4, 6)},
    "faint": {"level": 0.5},
}


def basis_of(problem: SmallProblem) -> np.ndarray:
    return spectral_basis(problem.sky.reshape(problem.shape[0], -1), RANK)


def assembled(problem: SmallProblem, **penalties) -> LowRankProblem:
    basis = basis_of(problem)
    bright = np.full(problem.shape[1:], problem.sky.mean())
    spectrum = basis[:, 0] / basis[:, 0].mean()
    start = np.multiply.outer(basis.T @ spectrum, bright)
    return LowRankProblem(problem.likelihoods(basis), basis, start, **penalties)


def solved(problem: LowRankProblem, **options) -> InteriorPointState:
    options = {"tolerance": 1e-7, "dtype": np.float64} | options
    solver = InteriorPoint(problem, **options)
    return solve(solver, solver.start())


def dense(function, shape: tuple[int, ...]) -> np.ndarray:
    units = np.eye(int(np.prod(shape))).reshape(-1, *shape)
    return np.stack([function(u).ravel() for u in units], axis=1)


def best_value(problem: SmallProblem, **penalties) -> float:
    n_pixels = int(np.prod(problem.shape[1:]))
    kron = np.kron(basis_of(problem), np.eye(n_pixels))
    n_voxels = int(np.prod(problem.shape))
    return oracle(problem.terms.values(), n_voxels, basis=kron, **penalties)[0]


@pytest.mark.parametrize("options", PROBLEMS.values(), ids=PROBLEMS)
def test_low_rank_agrees_with_a_convex_solver(options: dict) -> None:
    problem = small_problem(**options)
    state = solved(assembled(problem))
    assert state.outcome is Outcome.CONVERGED
    assert state.cost == pytest.approx(best_value(problem), rel=1e-5)


@pytest.mark.parametrize("difference", ["gradient", "mixed"])
@pytest.mark.parametrize("options", PROBLEMS.values(), ids=PROBLEMS)
def test_lrs_agrees_with_a_convex_solver(options: dict, difference: str) -> None:
    problem = small_problem(**options)
    shape = (RANK, *problem.shape[1:])

    def along_y(w: np.ndarray) -> np.ndarray:
        return np.diff(w, axis=1)

    def along_x(w: np.ndarray) -> np.ndarray:
        return np.diff(w, axis=2)

    def mixed(w: np.ndarray) -> np.ndarray:
        return along_y(along_x(w))

    wanted = [mixed] if difference == "mixed" else [along_y, along_x]
    squares = [np.sqrt(0.05) * dense(d, shape) for d in wanted]
    state = solved(assembled(problem, penalty=SquaredDifferences(0.05, difference)))
    assert state.outcome is Outcome.CONVERGED
    expected = best_value(problem, squares=squares)
    assert state.cost == pytest.approx(expected, rel=1e-5)


class ByComponent:
    """Squared differences with a strength for each component."""

    def __init__(self, strengths: np.ndarray) -> None:
        self.strengths = strengths[:, None, None]
        self.differences = SquaredDifferences(1.0)

    def value(self, x: np.ndarray) -> float:
        return 0.5 * float(np.vdot(x, self.gradient(x)))

    def gradient(self, x: np.ndarray) -> np.ndarray:
        return self.strengths * self.differences.gradient(x)

    def curvature(self, image_shape: tuple[int, int]) -> np.ndarray:
        return self.strengths * self.differences.curvature(image_shape)


def test_a_penalty_may_differ_from_component_to_component() -> None:
    problem = small_problem()
    shape = (RANK, *problem.shape[1:])
    penalty = ByComponent(np.array([0.01, 0.1, 1.0]))
    roots = np.sqrt(penalty.strengths)
    squares = [
        dense(lambda w, axis=axis: np.diff(roots * w, axis=axis), shape)
        for axis in (1, 2)
    ]
    state = solved(assembled(problem, penalty=penalty))
    assert state.outcome is Outcome.CONVERGED
    expected = best_value(problem, squares=squares)
    assert state.cost == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("options", PROBLEMS.values(), ids=PROBLEMS)
def test_guided_agrees_with_a_convex_solver(options: dict) -> None:
    problem = small_problem(**options)
    rng = np.random.default_rng(7)
    guide = rng.uniform(0.5, 4.0, problem.shape[1:])
    penalty = ShapeDifferences(0.05, guide)
    hessian = dense(penalty.gradient, (RANK, *problem.shape[1:]))
    values, directions = np.linalg.eigh(hessian / 2)
    changes = np.sqrt(np.maximum(values, 0))[:, None] * directions.T
    state = solved(assembled(problem, penalty=penalty))
    assert state.outcome is Outcome.CONVERGED
    expected = best_value(problem, squares=[changes])
    assert state.cost == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("strength", [0.3, 2.0])
@pytest.mark.parametrize("options", PROBLEMS.values(), ids=PROBLEMS)
def test_lrw2d_agrees_with_a_convex_solver(options: dict, strength: float) -> None:
    problem = small_problem(**options)
    plain = assembled(problem)
    transform = Starlet2D(plain.start.shape, 2)
    rng = np.random.default_rng(1)
    draws = gradient_noise(plain.likelihoods, plain.start, rng)
    noise = list(itertools.islice(draws, 4))
    weights = noise_weights(strength, transform, noise)
    sparsity = ImageSparsity(transform, weights)
    planes = dense(
        lambda w: sparsity.weights * sparsity.planes(w), (RANK, *problem.shape[1:])
    )
    state = solved(assembled(problem, sparsity=sparsity))
    assert state.outcome is Outcome.CONVERGED
    assert state.cost == pytest.approx(best_value(problem, l1=[planes]), rel=1e-5)


def test_a_wrong_objective_would_be_found() -> None:
    problem = small_problem()
    state = solved(assembled(problem, penalty=SquaredDifferences(0.05)))
    assert state.cost != pytest.approx(best_value(problem), rel=1e-3)


def test_single_precision_reaches_the_default_tolerance() -> None:
    problem = assembled(small_problem())
    single = solved(problem, dtype=np.float32, tolerance=1e-4)
    assert single.outcome is Outcome.CONVERGED
    assert single.cost == pytest.approx(solved(problem).cost, rel=1e-4)


def test_saved_states_go_on_as_if_never_stopped() -> None:
    solver = InteriorPoint(assembled(small_problem()), dtype=np.float64)
    straight = solver.start()
    for _ in range(4):
        straight = solver.step(straight)
    resumed = solver.restore(straight.arrays())
    for _ in range(3):
        straight, resumed = solver.step(straight), solver.step(resumed)
    np.testing.assert_array_equal(straight.images, resumed.images)
    np.testing.assert_array_equal(straight.costs, resumed.costs)


def test_a_saved_fit_of_other_spectra_is_refused() -> None:
    problem = assembled(small_problem())
    solver = InteriorPoint(problem)
    state = solver.step(solver.step(solver.start()))
    assert solver.restore(state.arrays()).iteration == 2
    mirrored = state.arrays() | {"images": state.images * [[1], [-1], [1]]}
    with pytest.raises(SchemaError, match="of the spectra that are learnt here"):
        solver.restore(mirrored)
