"""Minima of tilted problems: against a convex solver, and their spread."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from hifred.functionals.shape_differences import ShapeDifferences
from hifred.functionals.sobolev import SquaredDifferences
from hifred.solvers.counts_term import CountsTerm
from hifred.solvers.interior_point import InteriorPoint
from hifred.solvers.low_rank_problem import LowRankProblem
from hifred.solvers.nearby_minimum import NearbyMinimum
from hifred.solvers.solver import solve
from hifred.transforms.low_rank import spectral_basis
from tests.solvers.oracle import oracle
from tests.solvers.small_problems import small_problem

RANK, SHAPE = 3, (12, 6, 4)
N_PIXELS = 24
STRENGTH = 0.05


def assembled(problem, penalty) -> LowRankProblem:
    basis = spectral_basis(problem.sky.reshape(SHAPE[0], -1), RANK)
    mean = basis.T @ problem.sky.mean(axis=(1, 2))
    start = np.multiply.outer(mean, np.ones(SHAPE[1:]))
    return LowRankProblem(problem.likelihoods(basis), basis, start, penalty)


def nearby(problem, penalty) -> tuple[LowRankProblem, NearbyMinimum]:
    low_rank = assembled(problem, penalty)
    solver = InteriorPoint(low_rank, tolerance=1e-6, dtype=np.float64)
    images = solve(solver, solver.start()).images
    return low_rank, NearbyMinimum(low_rank, images.reshape(RANK, *SHAPE[1:]))


def dense(function, shape) -> np.ndarray:
    units = np.eye(int(np.prod(shape))).reshape(-1, *shape)
    return np.stack([function(unit).ravel() for unit in units], axis=1)


def dense_hessian(low_rank: LowRankProblem, images: np.ndarray) -> np.ndarray:
    """Return the curvature of likelihoods and penalty, by dense matrices."""
    n = images.size
    hessian = np.zeros((n, n))
    for likelihood in low_rank.likelihoods.values():
        term = CountsTerm(likelihood)
        matrix = dense(term.change, images.shape)
        weights = term.masked(term.counts / term.expected(images) ** 2).ravel()
        hessian += matrix.T @ (weights[:, None] * matrix)
    if low_rank.penalty is not None:
        hessian += dense(low_rank.penalty.gradient, (RANK, *SHAPE[1:]))
    return hessian


def random_tilt(minima: NearbyMinimum, rng: np.random.Generator) -> np.ndarray:
    """Return a tilt whose covariance is the curvature of likelihoods and penalty."""
    tilt, penalty = minima.tilt(minima.noise(rng)), minima.problem.penalty
    if penalty is None:
        return tilt
    return tilt + penalty_noise(penalty, rng, (RANK, *SHAPE[1:])).reshape(tilt.shape)


def penalty_noise(penalty, rng: np.random.Generator, shape) -> np.ndarray:
    """Return random images (component, y, x) whose covariance is the Hessian."""
    if isinstance(penalty, ShapeDifferences):
        drawn = penalty.draw(rng, shape[0])
        return penalty.gradient(drawn) / np.sqrt(2 * penalty.strength)
    images = between_pixels(penalty.difference, rng, shape)
    return np.sqrt(2 * penalty.strength) * images


def between_pixels(difference: str, rng: np.random.Generator, shape) -> np.ndarray:
    n, rows, columns = shape
    if difference == "mixed":
        corners = rng.standard_normal((n, rows - 1, columns - 1))
        return spread(spread(corners, 1), 2)
    upright = spread(rng.standard_normal((n, rows - 1, columns)), 1)
    return upright + spread(rng.standard_normal((n, rows, columns - 1)), 2)


def spread(changes: np.ndarray, axis: int) -> np.ndarray:
    """Return the adjoint of differences along an axis."""
    width = [(0, 0)] * changes.ndim
    width[axis] = (1, 1)
    return -np.diff(np.pad(changes, width), axis=axis)


OPTIONS = {
    "plain": {"level": 20.0},
    "bright": {"level": 2000.0},
    "faint": {"level": 1.0},
    "masked": {"mask": True, "background": True},
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_a_draw_agrees_with_a_convex_solver(options: dict) -> None:
    problem = small_problem(SHAPE, **options)
    low_rank, minima = nearby(problem, SquaredDifferences(STRENGTH))
    tilt = random_tilt(minima, np.random.default_rng(3))
    drawn = minima.minimum(tilt)
    shape = (RANK, *SHAPE[1:])
    squares = [
        np.sqrt(STRENGTH) * dense(lambda w, axis=axis: np.diff(w, axis=axis), shape)
        for axis in (1, 2)
    ]
    _, expected = oracle(
        problem.terms.values(),
        SHAPE[0] * N_PIXELS,
        basis=np.kron(low_rank.basis, np.eye(N_PIXELS)),
        squares=squares,
        tilt=tilt.ravel(),
    )
    off = drawn.ravel() - expected
    hessian = dense_hessian(low_rank, minima.images)
    # In units of the spread of the draws, whose mean square is 1.
    assert np.sqrt(off @ hessian @ off / off.size) < 0.1
    assert np.sqrt(np.mean((drawn - minima.images) ** 2)) > 3 * np.sqrt(np.mean(off**2))


@pytest.mark.parametrize("has_prior", [True, False])
def test_draws_of_many_counts_have_the_inverse_hessian_for_covariance(
    has_prior: bool,
) -> None:
    # Without a prior it is the inverse Fisher information of the counts.
    problem = small_problem(SHAPE, level=1e5, background=True)
    guide = np.random.default_rng(4).uniform(0.5, 4.0, SHAPE[1:])
    penalty = ShapeDifferences(1e-6, guide) if has_prior else None
    low_rank, minima = nearby(problem, penalty)
    draws = [
        minima.minimum(random_tilt(minima, np.random.default_rng([5, i])))
        for i in range(200)
    ]
    moved = np.stack([(w - minima.images).ravel() for w in draws])
    root = np.linalg.cholesky(dense_hessian(low_rank, minima.images))
    whitened = moved @ root
    variances = whitened.var(axis=0)
    assert abs(variances.mean() - 1) < 0.03
    assert np.abs(variances - 1).max() < 0.4
    assert np.abs(whitened.mean(axis=0)).max() < 0.25
    between = np.corrcoef(whitened.T) - np.eye(whitened.shape[1])
    assert np.sqrt(np.mean(between**2)) < 1.2 / np.sqrt(200)


def test_a_tilt_has_the_hessian_for_covariance() -> None:
    problem = small_problem(SHAPE, level=50.0, mask=True)
    low_rank, minima = nearby(problem, SquaredDifferences(STRENGTH, "mixed"))
    rng = np.random.default_rng(6)
    tilts = np.stack([random_tilt(minima, rng).ravel() for _ in range(3000)])
    root = np.linalg.inv(np.linalg.cholesky(dense_hessian(low_rank, minima.images)))
    covariance = root @ (tilts.T @ tilts / 3000) @ root.T
    assert np.abs(covariance - np.eye(len(covariance))).max() < 0.15


def test_draws_of_almost_no_counts_are_finite() -> None:
    problem = small_problem(SHAPE, level=0.05)
    assert 0 < sum(t.counts.sum() for t in problem.terms.values()) < 100
    low_rank, minima = nearby(problem, SquaredDifferences(STRENGTH))
    for i in range(5):
        drawn = minima.minimum(random_tilt(minima, np.random.default_rng([7, i])))
        assert np.isfinite(drawn).all()
        cube = low_rank.basis @ drawn
        assert cube.min() > -0.2 * cube.max()


def test_the_minimum_without_a_tilt_is_that_of_the_problem() -> None:
    problem = small_problem(SHAPE)
    low_rank, minima = nearby(problem, SquaredDifferences(STRENGTH))
    solver = InteriorPoint(low_rank, tolerance=1e-7, dtype=np.float64)
    expected = solve(solver, solver.start()).images
    off = (minima.images - expected).ravel()
    hessian = dense_hessian(low_rank, expected)
    assert np.sqrt(off @ hessian @ off / off.size) < 0.06


def test_a_draw_that_does_not_settle_is_told(monkeypatch) -> None:
    problem = small_problem(SHAPE)
    _, minima = nearby(problem, SquaredDifferences(STRENGTH))
    monkeypatch.setattr("hifred.solvers.nearby_minimum.MOST_STEPS", 1)
    with pytest.raises(ArithmeticError, match="not settled after 1 steps"):
        minima.minimum(100 * random_tilt(minima, np.random.default_rng(8)))


@pytest.mark.parametrize("difference", ["gradient", "mixed"])
def test_the_noise_of_a_penalty_has_its_curvature(difference: str) -> None:
    rng = np.random.default_rng(9)
    penalty = SquaredDifferences(0.7, difference)
    shape = (1, 4, 5)
    noise = np.stack([penalty_noise(penalty, rng, shape).ravel() for _ in range(6000)])
    expected = dense(penalty.gradient, shape)
    assert_allclose(noise.T @ noise / 6000, expected, atol=0.06 * expected.max())


def test_the_response_is_the_first_step_of_the_minimum() -> None:
    problem = small_problem(SHAPE, level=2000.0)
    low_rank, minima = nearby(problem, SquaredDifferences(STRENGTH))
    tilt = random_tilt(minima, np.random.default_rng(9))
    hessian = dense_hessian(low_rank, minima.images)
    off = minima.response(tilt).ravel() - np.linalg.solve(hessian, tilt.ravel())
    assert np.sqrt(off @ hessian @ off / off.size) < 0.1


@pytest.mark.parametrize("name", ["plain", "masked"])
def test_sources_are_those_of_the_dense_curvatures(name):
    problem = small_problem(SHAPE, **OPTIONS[name])
    low_rank, near = nearby(problem, SquaredDifferences(STRENGTH))
    prior = dense(low_rank.penalty.gradient, (RANK, *SHAPE[1:]))
    _, below = near._soft.bends(near._start.cube)
    held = prior + dense_blocks(below)
    counts = dense_hessian(low_rank, near.images) - prior
    weights = np.random.default_rng(5).standard_normal((RANK, N_PIXELS))
    expected = counts @ np.linalg.solve(counts + held, weights.ravel())
    found, influence = near.sources(weights)
    assert_allclose(found.ravel(), expected, atol=2e-3 * np.abs(expected).max())
    solved = (counts + held) @ influence.ravel()
    assert_allclose(solved, weights.ravel(), atol=0.02)


def dense_blocks(blocks: np.ndarray) -> np.ndarray:
    return dense(lambda w: np.einsum("cdp,dp->cp", blocks, w), (RANK, N_PIXELS))
