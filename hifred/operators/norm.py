"""The largest singular value of a linear operator."""

import numpy as np

from hifred.operators.base import LinearOperator


def operator_norm(
    operator: LinearOperator, *, tolerance: float = 1e-3, max_iterations: int = 200
) -> float:
    """Return ``|A|_2`` by power iteration on ``A^T A``, from below.

    Parameters
    ----------
    operator : LinearOperator
    tolerance : float
        Relative change of the estimate at which the iteration ends.
    max_iterations : int
    """
    x = np.random.default_rng(0).standard_normal(operator.input_shape)
    norm = 0.0
    for _ in range(max_iterations):
        x = x / np.linalg.norm(x)
        x = operator.adjoint(operator.apply(x))
        previous, norm = norm, float(np.sqrt(np.linalg.norm(x)))
        if abs(norm - previous) <= tolerance * norm:
            break
    return norm
