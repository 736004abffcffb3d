import numpy as np
import pytest
from numpy.testing import assert_allclose

from hifred.functionals.sparse_cube import WIDER_STEP, SparseCube
from hifred.solvers.cube_metric import cube_metric
from hifred.solvers.joint_norm import joint_norm
from hifred.threads import use_threads
from hifred.transforms.starlet import Starlet2D1D
from tests.solvers.small_problems import DataTerm, SmallProblem, small_problem

N_SCALES = (2, 3)


def nothing_blurred() -> SmallProblem:
    sky = small_problem().sky
    n_energies, n_pixels = len(sky), sky[0].size
    term = DataTerm(np.eye(n_energies), np.eye(n_pixels), sky.round())
    return SmallProblem(sky, {"imager": term})


PROBLEMS = {
    "rebinned": small_problem(),
    "same_grid": small_problem(rebin=False, shape=(9, 5, 4)),
    "nothing_blurred": nothing_blurred(),
}


def sparse_steps(step: np.ndarray) -> np.ndarray:
    """Return the step of every multiplier, (space_scales, energy_scales, ...)."""
    n_energies, planes = step.shape[1], [step]
    for scale in range(N_SCALES[1]):
        before, after = (np.arange(n_energies) + sign * 2**scale for sign in (-1, 1))
        around = [planes[-1][:, mirrored(i, n_energies)] for i in (before, after)]
        planes.append(np.minimum(*around))
    return np.stack(planes[1:], axis=1)


def mirrored(i: np.ndarray, n: int) -> np.ndarray:
    """Return indices beyond the ends by half-sample symmetry."""
    i = i % (2 * n)
    return np.minimum(i, 2 * n - 1 - i)


def scaled_columns(problem: SmallProblem, anchor: np.ndarray, norm=None) -> np.ndarray:
    """Return responses and wavelets between the roots of the steps, dense."""
    shape, likelihoods = problem.shape, problem.likelihoods().values()
    transform = Starlet2D1D(shape, *N_SCALES)
    pairs = [(f, np.ones(f.counts.shape, bool)) for f in likelihoods]
    seen = sum(f.response.adjoint(used.astype(float)) for f, used in pairs)
    penalty = SparseCube(transform, np.ones(N_SCALES))
    norm = joint_norm(seen, pairs, penalty) if norm is None else norm
    metric = cube_metric(anchor, seen, pairs, penalty, norm=norm)
    steps = [*metric.ratio_steps, sparse_steps(metric.sparse_step)]
    columns = []
    for unit in np.eye(anchor.size):
        cube = np.sqrt(metric.cube_step) * unit.reshape(shape)
        parts = [f.response.apply(cube) for f in likelihoods]
        parts.append(transform.apply(cube)[:-1, :-1])
        scaled = [np.sqrt(s) * part for s, part in zip(steps, parts, strict=True)]
        columns.append(np.concatenate([part.ravel() for part in scaled]))
    return np.stack(columns, axis=1)


@pytest.mark.parametrize("contrast", [0.0, 1.0, 2.0])
@pytest.mark.parametrize("case", PROBLEMS)
def test_the_steps_keep_the_bound_of_convergence_at_any_brightness(case, contrast):
    problem = PROBLEMS[case]
    # At a contrast of 2 some voxels are a thousand times as bright as their neighbours.
    draw = np.random.default_rng(3).normal(scale=contrast, size=problem.shape)
    columns = scaled_columns(problem, np.exp(draw))
    assert np.linalg.norm(columns, 2) <= 1 + 1e-6


def test_the_bound_needs_the_joint_norm_where_nothing_is_blurred():
    problem = PROBLEMS["nothing_blurred"]
    columns = scaled_columns(problem, np.ones(problem.shape), norm=1.0)
    assert np.linalg.norm(columns, 2) > 1.2


@pytest.mark.parametrize(("n_energies", "n_threads"), [(12, 1), (12, 3), (90, 3)])
def test_multipliers_move_by_the_shorter_of_the_steps_beside_them(
    n_energies, n_threads
):
    shape = (n_energies, 6, 4)
    rng = np.random.default_rng(5)
    transform = Starlet2D1D(shape, *N_SCALES)
    penalty = SparseCube(transform, np.full(N_SCALES, np.inf))
    cube, step = rng.standard_normal(shape), rng.uniform(0.01, 1, shape)
    dual = np.zeros(penalty.dual_shape)
    planes = penalty.split(cube)
    with use_threads(n_threads):
        penalty.move_dual(dual, planes, penalty.dual_step(step), rate=0.3)
    slope = transform.images.merge_fine(planes)
    assert_allclose(slope, penalty.adjoint(dual), rtol=1e-12)
    moved = (
        0.3 * sparse_steps(penalty.dual_step(step)) * transform.apply(cube)[:-1, :-1]
    )
    other = rng.standard_normal(shape)
    expected = np.vdot(transform.apply(other)[:-1, :-1], moved)
    assert_allclose(np.vdot(other, slope), expected, rtol=1e-10)


def test_the_step_of_a_multiplier_is_between_those_of_the_voxels_it_reaches():
    shape = (40, 30, 30)
    penalty = SparseCube(Starlet2D1D(shape, *N_SCALES), np.ones(N_SCALES))
    even = penalty.dual_step(np.full(shape, 0.2))
    assert_allclose(even[0], 5.0, rtol=1e-12)
    assert_allclose(even[1], WIDER_STEP * 5.0, rtol=1e-12)
    step = np.full(shape, 1e-3)
    step[20, 15, 15] = 1.0
    found = 1 / penalty.dual_step(step)
    assert found.max() < 1
    assert found[0, 20, 15, 15] > 0.4
    assert found[1, 20, 15, 19] > 0.05
    assert_allclose(found[0, 20, 15, 19], 1e-3)
