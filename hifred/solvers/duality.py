"""How far a non-negative cube is from the minimum, at most."""

from collections.abc import Mapping

import numpy as np

from hifred.functionals.poisson import PoissonLikelihood
from hifred.operators.matrix import Diagonal, Identity

# Above this many entries the support of a spectral matrix is not looked at.
LARGEST_SUPPORT = 20_000_000


def missed_conditions(
    cube: np.ndarray, data: np.ndarray, penalty: np.ndarray | None, norm: float
) -> float:
    r"""Return what the conditions of a minimum miss that involve the cube.

    .. math:: \varphi(Z) - \langle Z, W^T u \rangle
        + \langle Z, [A^T (1 - r) + W^T u]_+ \rangle

    Together with the divergences of the counts from ``m r`` (``m`` the model of the
    cube), it bounds how far the objective of any cube that is nowhere brighter than
    this one can be below: a duality gap in which an excess of
    :math:`A^T r` counts in proportion to the brightness of its voxel. No term is
    negative, each is zero at the minimum. The minimum itself may be brighter
    somewhere, so that this is no proof; see `PrimalDual` for how it compares.

    Parameters
    ----------
    cube, data : (energy, y, x) arrays
        ``Z`` and :math:`A^T (1 - r)`.
    penalty : (energy, y, x) array, optional
        :math:`W^T u`.
    norm : float
        :math:`\varphi(Z)`.
    """
    slope = data if penalty is None else data + penalty
    missed = _product(cube, np.maximum(slope, 0))
    return missed if penalty is None else missed + norm - _product(cube, penalty)


def _product(left: np.ndarray, right: np.ndarray) -> float:
    """Return the inner product; the sum over energies is in double precision."""
    rows = np.einsum("ek,ek->e", *(a.reshape(len(a), -1) for a in (left, right)))
    return float(rows.sum(dtype=np.float64))


def lower_bound(
    likelihoods: Mapping[str, PoissonLikelihood],
    duals: Mapping[str, np.ndarray],
    *,
    gathered: np.ndarray,
    allowed: np.ndarray,
) -> float:
    r"""Return a proven lower bound of the objective over all non-negative cubes.

    Every ``r > 0`` with :math:`A^T r \le A^T 1 + W^T u` gives the bound
    :math:`\sum_v d_v \ln r_v + b_v (1 - r_v)`. The ratios are made feasible by
    dividing them, energy by energy, by the largest excess that they meet.

    Parameters
    ----------
    likelihoods : mapping of str to PoissonLikelihood
    duals : mapping of str to (channel, y, x) array
        ``1 - r`` of each instrument.
    gathered, allowed : (energy, y, x) arrays
        :math:`A^T r`, and :math:`A^T 1 + W^T u` with ``u`` within its bounds, both
        over the voxels that are used.

    Returns
    -------
    float
        Minus infinity when nothing can be proven yet.
    """
    excess = _excess(gathered, allowed)
    if excess is None:
        return -np.inf
    total = 0.0
    for name, likelihood in likelihoods.items():
        lowered = np.log(_worst_per_channel(likelihood, excess))[:, None, None]
        with np.errstate(divide="ignore"):
            log_ratio = np.log1p(-duals[name].astype(np.float64)) - lowered
        seen = likelihood.counts > 0
        terms = np.where(seen, likelihood.counts * np.where(seen, log_ratio, 0), 0)
        if likelihood.background is not None:
            terms = terms - likelihood.background * np.expm1(log_ratio)
        if likelihood.mask is not None:
            terms = np.where(likelihood.mask, terms, 0)
        total += float(terms.sum())
    return total


def _excess(gathered: np.ndarray, allowed: np.ndarray) -> np.ndarray | None:
    """Return the largest ratio of the two in every energy, at least 1."""
    rounding = np.finfo(gathered.dtype).eps * np.max(gathered)
    seen = gathered > rounding
    if np.any(allowed[seen] <= 0) or np.min(allowed) < -rounding:
        return None
    ratio = np.divide(gathered, allowed, out=np.zeros_like(gathered), where=seen)
    return np.maximum(ratio.reshape(len(ratio), -1).max(axis=1), 1).astype(float)


def _worst_per_channel(likelihood: PoissonLikelihood, excess: np.ndarray) -> np.ndarray:
    """Return the largest excess among the energies that each channel records."""
    n_channels = len(likelihood.counts)
    worst = np.ones(n_channels)
    for spectral, _ in likelihood.response.pairs:
        if isinstance(spectral, Identity | Diagonal):
            found = excess
        elif spectral.shape[0] * spectral.shape[1] > LARGEST_SUPPORT:
            found = np.full(n_channels, excess.max())
        else:
            seen = spectral.to_dense() != 0
            found = np.where(seen, excess, 1).max(axis=1)
        worst = np.maximum(worst, found)
    return worst
