import numpy as np

from hifred.functionals.sparse_cube import SparseCube
from hifred.solvers.cube_metric import cube_metric
from hifred.transforms.starlet import Starlet2D1D
from tests.solvers.small_problems import small_problem


def test_the_steps_keep_the_bound_of_convergence_at_any_brightness():
    problem = small_problem()
    shape, likelihoods = problem.shape, problem.likelihoods().values()
    transform = Starlet2D1D(shape, 1, 2)
    pairs = [(f, np.ones(f.counts.shape, bool)) for f in likelihoods]
    seen = sum(f.response.adjoint(used.astype(float)) for f, used in pairs)
    # Some voxels a thousand times as bright as others beside them.
    anchor = np.exp(np.random.default_rng(3).normal(scale=2, size=shape))
    penalty = SparseCube(transform, np.ones((1, 2)))
    metric = cube_metric(anchor, seen, pairs, penalty)
    steps = [*metric.ratio_steps, metric.sparse_step]
    columns = []
    for unit in np.eye(anchor.size):
        cube = np.sqrt(metric.cube_step) * unit.reshape(shape)
        parts = [f.response.apply(cube) for f in likelihoods]
        parts.append(transform.apply(cube)[:-1, :-1])
        scaled = [np.sqrt(s) * part for s, part in zip(steps, parts, strict=True)]
        columns.append(np.concatenate([part.ravel() for part in scaled]))
    assert np.linalg.norm(np.stack(columns, axis=1), 2) <= 1 + 1e-6
