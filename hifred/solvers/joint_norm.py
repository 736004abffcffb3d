"""How much of what the responses see the wavelets see too."""

import numpy as np

from hifred.functionals.sparse_cube import SparseCube
from hifred.solvers.cube_metric import CubeMetric, Terms, cube_metric

POWER_ITERATIONS = 6
# For what so few of them miss, and for cubes that are not flat.
MARGIN = 1.1


def joint_norm(
    sensitivity: np.ndarray, terms: Terms, penalty: SparseCube | None
) -> float:
    """Return the squared norm of responses and wavelets at a flat cube, or a bit more.

    Each of them has at most 1. Together they have hardly more where the responses
    blur the details that the wavelets see, and nearly 2 where they blur nothing: steps
    that count on blur diverge there.
    """
    if penalty is None:
        return 1.0
    metric = cube_metric(np.ones_like(sensitivity), sensitivity, terms, penalty)
    free = SparseCube(penalty.transform, np.full(penalty.weights.shape, np.inf))
    dual = np.zeros(penalty.dual_shape, sensitivity.dtype)
    draw = np.random.default_rng(0).standard_normal(sensitivity.shape)
    cube = np.sqrt(metric.cube_step) * draw.astype(sensitivity.dtype)
    for _ in range(POWER_ITERATIONS):
        cube /= _size(cube, metric)
        dual[:] = 0
        planes = free.split(cube)
        free.move_dual(dual, planes, metric.sparse_step)
        seen = free.merge(planes)
        for (f, _), step in zip(terms, metric.ratio_steps, strict=True):
            seen += f.response.adjoint(step * f.response.apply(cube))
        cube = metric.cube_step * seen
    return max(1.0, MARGIN * float(_size(cube, metric)))


def _size(cube: np.ndarray, metric: CubeMetric) -> np.floating:
    squared: np.floating = np.sum(cube**2 / metric.cube_step)
    size: np.floating = np.sqrt(squared).astype(cube.dtype)
    return size
