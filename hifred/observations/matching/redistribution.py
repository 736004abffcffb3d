"""A coarse response divided by a fine one: the sky at the spectrometer's resolution."""

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from hifred.observations.matching.split_matrix import SplitMatrix, unsplit

# Structure that the fine response weakens below this amplitude is not amplified.
WEAKEST_AMPLITUDE = 0.03


def relative_redistribution(
    coarse: sparse.csr_array, fine: sparse.csr_array | SplitMatrix
) -> sparse.csr_array:
    r"""Return the response that, after the fine one, is the coarse one.

    .. math:: \min_X \|X F - C\|^2 + a^2 \|X\|^2

    Parameters
    ----------
    coarse : (channel, energy) sparse array
        Response C of the imager.
    fine : (energy, energy) sparse array or SplitMatrix
        Response F of the spectrometer, its channels being the energy bins.

    Returns
    -------
    (channel, energy) sparse array
        Non-negative; its columns sum to what those of `coarse` do.
    """
    split = fine if isinstance(fine, SplitMatrix) else unsplit(fine)
    split = split.times_columns(_inverse(split.column_sums))
    solved = _solved(split, coarse).T
    solved = np.maximum(solved, 0.0)
    # What the photons of the ends of the band send outside is not for X to make up.
    solved[solved < 1e-7 * solved.max()] = 0.0
    total, target = solved.sum(axis=0), np.asarray(coarse.sum(axis=0)).ravel()
    return sparse.csr_array(solved * (target * _inverse(total)))


def _solved(fine: SplitMatrix, coarse: sparse.csr_array) -> np.ndarray:
    r"""Return :math:`(F F^T + a^2)^{-1} F C^T` (energy, channel).

    With :math:`F = A + L R`, :math:`P = A R^T` and :math:`G = R R^T` this is a banded
    matrix and few columns more, :math:`A A^T + a^2 + P L^T + L P^T + L G L^T`, which
    Woodbury's formula inverts.
    """
    banded = fine.core @ fine.core.T
    banded = banded + WEAKEST_AMPLITUDE**2 * sparse.eye_array(banded.shape[0])
    factors = splu(sparse.csc_array(banded))
    wanted = (fine.core @ coarse.T + fine.left @ (fine.right @ coarse.T)).toarray()
    solved = np.asarray(factors.solve(wanted))
    n_more = fine.left.shape[1]
    if n_more == 0:
        return solved
    more = sparse.hstack([fine.core @ fine.right.T, fine.left]).toarray()
    through = factors.solve(more)
    one, none = np.eye(n_more), np.zeros((n_more, n_more))
    inner = np.block([[-(fine.right @ fine.right.T).toarray(), one], [one, none]])
    correction = np.linalg.solve(inner + more.T @ through, more.T @ solved)
    return np.asarray(solved - through @ correction)


def _inverse(values: np.ndarray) -> np.ndarray:
    """Return 1 / values, and 0 where there is nothing to divide by."""
    return np.divide(1.0, values, out=np.zeros_like(values), where=values > 0)
