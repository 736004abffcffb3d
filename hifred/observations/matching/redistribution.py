"""A coarse response divided by a fine one: the sky at the spectrometer's resolution."""

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

# Structure that the fine response weakens below this amplitude is not amplified.
WEAKEST_AMPLITUDE = 0.03


def relative_redistribution(
    coarse: sparse.csr_array, fine: sparse.csr_array
) -> sparse.csr_array:
    r"""Return the response that, after the fine one, is the coarse one.

    .. math:: \min_X \|X F - C\|^2 + a^2 \|X\|^2

    Parameters
    ----------
    coarse : (channel, energy) sparse array
        Response C of the imager.
    fine : (energy, energy) sparse array
        Response F of the spectrometer, its channels being the energy bins.

    Returns
    -------
    (channel, energy) sparse array
        Non-negative; its columns sum to what those of `coarse` do.
    """
    fine = _unit_columns(fine)
    normal = fine @ fine.T + WEAKEST_AMPLITUDE**2 * sparse.eye_array(fine.shape[0])
    wanted = np.asarray((fine @ coarse.T).toarray())
    solved = splu(sparse.csc_array(normal)).solve(wanted).T
    solved = np.maximum(solved, 0.0)
    # What the photons of the ends of the band send outside is not for X to make up.
    solved[solved < 1e-7 * solved.max()] = 0.0
    total, target = solved.sum(axis=0), np.asarray(coarse.sum(axis=0)).ravel()
    factor = np.divide(target, total, out=np.zeros_like(total), where=total > 0)
    return sparse.csr_array(solved * factor)


def _unit_columns(matrix: sparse.csr_array) -> sparse.csr_array:
    total = np.asarray(matrix.sum(axis=0)).ravel()
    inverse = np.divide(1.0, total, out=np.zeros_like(total), where=total > 0)
    return sparse.csr_array(matrix @ sparse.diags_array(inverse))
