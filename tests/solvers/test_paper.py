from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from hifred.errors import SettingsError
from hifred.functionals.poisson import PoissonLikelihood
from hifred.functionals.sobolev import SquaredDifferences
from hifred.operators.response import Response
from hifred.operators.structure import structure
from hifred.solvers.paper import (
    JUMP,
    PaperSettings,
    PaperSolver,
    clip_cube,
    clip_images,
    spread_evenly,
)
from hifred.solvers.paper_state import PaperState
from hifred.solvers.paper_step import Pace
from hifred.solvers.paper_thresholds import (
    CubeThreshold,
    ImageThreshold,
    VaryingCubeThreshold,
)
from hifred.solvers.primal_dual import in_precision
from hifred.solvers.solver import iterate, solve
from hifred.solvers.stopping import Outcome
from hifred.transforms.starlet import Starlet2D, Starlet2D1D
from tests.solvers.small_problems import SmallProblem, small_problem

N_ITERATIONS = 50


# An independent transcription of Algorithms 1 and 2: dense matrices, double
# precision, nothing from the library.


def dense_gradient(problem: SmallProblem, cube: np.ndarray) -> np.ndarray:
    gradient = np.zeros(cube.size)
    for term in problem.terms.values():
        matrix = term.matrix()
        expected = matrix @ cube.ravel()
        slope = 1 - term.counts.ravel() / expected
        gradient += matrix.T @ slope
    return gradient.reshape(cube.shape)


def dense_cost(problem: SmallProblem, cube: np.ndarray) -> float:
    total = 0.0
    for term in problem.terms.values():
        m, d = term.matrix() @ cube.ravel(), term.counts.ravel()
        logs = np.where(d > 0, np.log(np.where(d > 0, d, 1) / m), 0)
        total += np.sum(m - d + d * logs)
    return total


def dense_smoother(length: int, scale: int) -> np.ndarray:
    matrix = np.zeros((length, length))
    around = np.pad(np.arange(length), 60, mode="symmetric")
    for tap, weight in ((-2, 1), (-1, 4), (0, 6), (1, 4), (2, 1)):
        for i in range(length):
            matrix[i, around[60 + i + tap * 2**scale]] += weight / 16
    return matrix


def dense_fine_images(cube: np.ndarray, scales: int) -> tuple[list, np.ndarray]:
    planes, left = [], cube
    for scale in range(scales):
        rows = dense_smoother(cube.shape[1], scale)
        columns = dense_smoother(cube.shape[2], scale)
        smooth = np.einsum("ij,ejk,lk->eil", rows, left, columns)
        planes.append(left - smooth)
        left = smooth
    return planes, left


def dense_fine_spectra(cube: np.ndarray, scales: int) -> tuple[list, np.ndarray]:
    planes, left = [], cube
    for scale in range(scales):
        smooth = np.einsum("ij,jkl->ikl", dense_smoother(len(cube), scale), left)
        planes.append(left - smooth)
        left = smooth
    return planes, left


def dense_noise(plane: np.ndarray) -> float:
    return np.median(np.abs(plane - np.median(plane))) / 0.6745


def soft(values: np.ndarray, threshold: np.ndarray | float) -> np.ndarray:
    return np.sign(values) * np.maximum(np.abs(values) - threshold, 0)


def dense_2d1d_step(cube, strength, space_scales, energy_scales):
    images, coarse = dense_fine_images(cube, space_scales)
    split = [dense_fine_spectra(plane, energy_scales) for plane in images]
    if strength == "varying":
        bright = np.abs(dense_fine_spectra(coarse, energy_scales)[1])
        strength = 2.5 / (1 + np.exp(bright - bright.mean())) + 0.5
    threshold = strength * dense_noise(split[0][0][0])
    out = coarse.copy()
    for fine, rest in split:
        out += rest + sum(soft(plane, threshold) for plane in fine)
    return out


def dense_2d_step(images, strength, scales):
    fine, coarse = dense_fine_images(images, scales)
    threshold = strength * dense_noise(fine[0])
    return coarse + sum(soft(plane, threshold) for plane in fine)


def dense_difference_gradient(images: np.ndarray, strength: float, kind: str):
    n, ny, nx = images.shape
    along_y = np.kron(np.diff(np.eye(ny), axis=0), np.eye(nx))
    along_x = np.kron(np.eye(ny), np.diff(np.eye(nx), axis=0))
    if kind == "mixed":
        matrices = [np.kron(np.diff(np.eye(ny), axis=0), np.diff(np.eye(nx), axis=0))]
    else:
        matrices = [along_y, along_x]
    flat = images.reshape(n, -1)
    gradient = sum(2 * strength * (flat @ d.T) @ d for d in matrices)
    return gradient.reshape(images.shape)


def subspace(problem: SmallProblem, rank: int) -> np.ndarray:
    spectra = problem.sky.reshape(problem.shape[0], -1)
    return np.linalg.qr(spectra[:, :rank])[0]


def iterates(solver: PaperSolver, first_guess: np.ndarray) -> list[PaperState]:
    first = solver.start(first_guess)
    return [first, *iterate(solver, first)]


def settings(step_size: float = 0.5) -> PaperSettings:
    return PaperSettings(step_size, tolerance=0, max_iterations=N_ITERATIONS)


def assert_same_iterates(states, expected):
    assert len(states) == len(expected) == N_ITERATIONS + 1
    for state, estimate in zip(states, expected, strict=True):
        scale = np.abs(estimate).max()
        assert_allclose(state.estimate, estimate, rtol=0, atol=1e-9 * scale)


@pytest.mark.parametrize("rebin", [True, False])
@pytest.mark.parametrize("strength", [None, 0.5, "varying"])
def test_algorithm_2_agrees_with_a_dense_transcription(rebin, strength):
    problem = small_problem(rebin=rebin)
    transform = Starlet2D1D(problem.shape, 2, 3)
    threshold = None
    if strength == "varying":
        threshold = VaryingCubeThreshold(transform)
    elif strength is not None:
        threshold = CubeThreshold(transform, strength)
    solver = PaperSolver(
        problem.likelihoods(), clip_cube, threshold=threshold, settings=settings()
    )
    cube = spread_evenly(problem.terms["imager"].counts, problem.shape[0])
    states = iterates(solver, cube)
    expected = [cube]
    for _ in range(N_ITERATIONS):
        cube = cube - 0.5 * dense_gradient(problem, cube)
        if strength is not None:
            cube = dense_2d1d_step(cube, strength, 2, 3)
        cube = np.maximum(cube, 0)
        expected.append(cube)
    assert_same_iterates(states, expected)
    found = [s.history[-1, 1:-1].sum() for s in states]
    assert_allclose(found, [dense_cost(problem, c) for c in expected], rtol=1e-9)


@pytest.mark.parametrize("rebin", [True, False])
@pytest.mark.parametrize("penalty", ["none", "gradient", "mixed", "sparse"])
def test_algorithm_1_agrees_with_a_dense_transcription(rebin, penalty):
    problem = small_problem(rebin=rebin)
    basis = subspace(problem, 3)
    image_shape = problem.shape[1:]
    smooth = threshold = None
    if penalty in ("gradient", "mixed"):
        smooth = SquaredDifferences(0.03, penalty)
    if penalty == "sparse":
        threshold = ImageThreshold(Starlet2D((3, *image_shape), 2), 0.5)
    solver = PaperSolver(
        problem.likelihoods(basis),
        clip_images(basis),
        smooth=smooth,
        threshold=threshold,
        settings=settings(0.3),
    )
    cube = spread_evenly(problem.terms["imager"].counts, problem.shape[0])
    images = (basis.T @ cube.reshape(len(cube), -1)).reshape(3, *image_shape)
    states = iterates(solver, images)
    expected = [images]
    for _ in range(N_ITERATIONS):
        cube = np.tensordot(basis, images, 1)
        gradient = np.tensordot(basis.T, dense_gradient(problem, cube), 1)
        if smooth is not None:
            gradient += dense_difference_gradient(images, 0.03, penalty)
        images = images - 0.3 * gradient
        if threshold is not None:
            images = dense_2d_step(images, 0.5, 2)
        images = np.tensordot(basis.T, np.maximum(np.tensordot(basis, images, 1), 0), 1)
        expected.append(images)
    assert_same_iterates(states, expected)


@pytest.mark.parametrize("penalty", [None, "gradient", "mixed", "sparse"])
def test_the_estimate_keeps_its_precision(penalty):
    problem = small_problem()
    images = np.full((3, *problem.shape[1:]), 10, np.float32)
    smooth = threshold = None
    if penalty == "sparse":
        threshold = ImageThreshold(Starlet2D(images.shape, 2), 0.5)
    elif penalty is not None:
        smooth = SquaredDifferences(0.03, penalty)
    basis = np.abs(subspace(problem, 3))
    likelihoods = {
        name: in_precision(likelihood, np.dtype(np.float32))
        for name, likelihood in problem.likelihoods(basis).items()
    }
    clip = clip_images(basis.astype(np.float32))
    solver = PaperSolver(likelihoods, clip, smooth=smooth, threshold=threshold)
    assert solver.step(solver.start(images)).estimate.dtype == np.float32


def test_a_resumed_solve_is_the_uninterrupted_one():
    problem = small_problem()
    threshold = CubeThreshold(Starlet2D1D(problem.shape, 1, 2), 0.5)

    def new_solver():
        return PaperSolver(
            problem.likelihoods(), clip_cube, threshold=threshold, settings=settings()
        )

    first_guess = spread_evenly(problem.terms["imager"].counts, problem.shape[0])
    whole = iterates(new_solver(), first_guess)
    state = PaperState.restore(whole[20].arrays())
    state = solve(new_solver(), state)
    assert np.array_equal(state.estimate, whole[-1].estimate)
    assert np.array_equal(state.history, whole[-1].history)
    assert state.outcome is whole[-1].outcome is Outcome.STEP_LIMIT


def test_a_result_is_the_first_guess_of_the_next_solve():
    problem = small_problem()
    solver = PaperSolver(problem.likelihoods(), clip_cube, settings=settings())
    first_guess = spread_evenly(problem.terms["imager"].counts, problem.shape[0])
    last = iterates(solver, first_guess)[-1]
    again = solver.start(last.estimate)
    assert again.iteration == 0
    assert again.cost == pytest.approx(last.cost)
    assert solver.step(again).cost < last.cost


def test_too_large_a_step_is_halved_from_the_last_good_state(caplog):
    problem = small_problem()
    solver = PaperSolver(problem.likelihoods(), clip_cube, settings=settings(1e6))
    first_guess = spread_evenly(problem.terms["imager"].counts, problem.shape[0])
    states = iterates(solver, first_guess)
    assert states[1].step_size == 5e5
    assert np.array_equal(states[1].estimate, first_guess)
    assert states[-1].n_halvings >= 10
    assert np.isfinite(states[-1].cost)
    assert "step_size goes from 1e+06 to 5e+05" in caplog.text


def test_a_solve_that_never_improves_ends_as_diverged():
    problem = small_problem()
    solver = PaperSolver(
        problem.likelihoods(), clip_cube, settings=PaperSettings(1e300)
    )
    first_guess = spread_evenly(problem.terms["imager"].counts, problem.shape[0])
    assert iterates(solver, first_guess)[-1].outcome is Outcome.DIVERGED


def test_dark_pixels_whose_model_is_rounded_below_zero_do_no_harm():
    # As a response of low rank does in single precision.
    rng = np.random.default_rng(2)
    counts = rng.poisson(30.0, (4, 2, 3)).astype(float)
    counts[:, :, 1] = 0
    spectral = structure(np.eye(4) - 1e-8)
    response = Response([(spectral, structure(np.eye(6)))], counts.shape, counts.shape)
    solver = PaperSolver(
        {"imager": PoissonLikelihood(response, counts)},
        clip_cube,
        settings=PaperSettings(20.0, 1e-9, 50),
    )
    guess = np.full(counts.shape, 20.0)
    guess[:, :, 1] = 0
    guess[0, :, 1] = 1
    states = iterates(solver, guess)
    assert states[-1].n_halvings == 0
    assert states[-1].cost < 1e-6 * states[0].cost


def few_counts_of_many_energies(**settings):
    """Return a solver on the grid of the counts, most of which are below one."""
    problem = small_problem((24, 8, 9), rebin=False, level=0.6, seed=5)
    guess = np.full(problem.shape, 0.6)
    solver = PaperSolver(
        problem.likelihoods(), clip_cube, settings=PaperSettings(**settings)
    )
    return solver, guess


def test_a_step_that_is_too_long_for_some_iterations_grows_back():
    solver, guess = few_counts_of_many_energies(
        step_size=0.5, tolerance=1e-9, max_iterations=600
    )
    states = iterates(solver, guess)
    sizes = [state.step_size for state in states]
    assert np.diff(sizes).min() < 0 < np.diff(sizes).max()
    costs = np.array([state.cost for state in states])
    assert np.diff(costs).max() <= JUMP * 2 * guess.size
    assert costs[-1] < costs[0]


def test_a_short_step_alone_is_no_end():
    problem = small_problem()
    solver = PaperSolver(
        problem.likelihoods(), clip_cube, settings=PaperSettings(0.5, 1e-4)
    )
    first = solver.start(np.full(problem.shape, 10.0))
    short = replace(first, pace=Pace(1e-6, 0.5, n_steady=1))
    after = solver.step(short)
    change = abs(after.cost - first.cost) / after.cost
    assert change < 1e-4
    assert after.outcome is None
    assert after.certificate == pytest.approx(change * 0.5 / 1e-6, rel=1e-6)


def test_a_threshold_that_raises_the_cost_is_no_divergence():
    problem = small_problem(level=3000.0)
    threshold = CubeThreshold(Starlet2D1D(problem.shape, 2, 3), 200.0)
    solver = PaperSolver(
        problem.likelihoods(), clip_cube, threshold=threshold, settings=settings()
    )
    states = iterates(solver, problem.sky)
    data = [state.costs[-1, 1:-1].sum() for state in states]
    assert data[1] > 5 * data[0]
    assert states[-1].n_halvings == 0


def test_states_of_before_the_step_could_grow_are_read():
    problem = small_problem()
    solver = PaperSolver(problem.likelihoods(), clip_cube, settings=settings())
    saved = solver.step(solver.start(problem.sky)).arrays()
    del saved["pace"]
    assert solver.restore(saved).pace == Pace(0.5, 0.5)


def test_a_value_that_is_not_a_number_is_named():
    problem = small_problem()
    solver = PaperSolver(problem.likelihoods(), clip_cube)
    state = solver.start(np.full(problem.shape, np.nan))
    assert state.outcome is Outcome.NOT_FINITE
    with pytest.raises(ValueError, match="the solve has ended"):
        solver.step(state)


def test_a_small_change_of_the_cost_ends_the_solve():
    problem = small_problem()
    solver = PaperSolver(
        problem.likelihoods(), clip_cube, settings=PaperSettings(0.5, 1e-2)
    )
    state = iterates(solver, problem.sky)[-1]
    assert state.outcome is Outcome.CONVERGED
    assert state.certificate < 1e-2


def test_the_first_guess_keeps_the_counts():
    counts = np.arange(1.0, 13.0).reshape(3, 2, 2)
    guess = spread_evenly(counts, 7)  # shares of 3, 2 and 2 energies
    assert guess.shape == (7, 2, 2)
    assert_allclose(guess.sum(axis=0), counts.sum(axis=0))


def test_a_step_size_of_zero_is_refused():
    with pytest.raises(SettingsError, match="step_size must be above 0; got 0"):
        PaperSettings(step_size=0)
