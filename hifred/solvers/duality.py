"""How far a non-negative cube is from the minimum, at most."""

from collections.abc import Mapping

import numpy as np

from hifred.functionals.poisson import PoissonLikelihood
from hifred.operators.matrix import Diagonal, Identity
from hifred.solvers import duality_kernels as kernels
from hifred.threads import in_slices

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
    sums = np.zeros((len(cube), 2))
    arrays = *_flat(cube, data, np.empty((0, 0)) if penalty is None else penalty), sums
    in_slices(kernels.sum_missed, len(cube), *arrays)
    missed, paid = sums.sum(axis=0)
    return float(missed if penalty is None else missed + norm - paid)


def lower_bound(
    likelihoods: Mapping[str, PoissonLikelihood],
    duals: Mapping[str, np.ndarray],
    *,
    seen: np.ndarray,
    data: np.ndarray,
    penalty: np.ndarray | None,
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
    seen, data : (energy, y, x) arrays
        :math:`A^T 1` and :math:`A^T (1 - r)`, over the voxels that are used.
    penalty : (energy, y, x) array, optional
        :math:`W^T u`, with ``u`` within its bounds.

    Returns
    -------
    float
        Minus infinity when nothing can be proven yet.
    """
    excess = _excess(seen, data, penalty)
    if excess is None:
        return -np.inf
    total = 0.0
    for name, likelihood in likelihoods.items():
        lowered = np.log(_worst_per_channel(likelihood, excess))[:, None, None]
        with np.errstate(divide="ignore"):
            log_ratio = np.log1p(-duals[name].astype(np.float64)) - lowered
        counted = likelihood.counts > 0
        log_counted = np.where(counted, log_ratio, 0)
        terms = np.where(counted, likelihood.counts * log_counted, 0)
        if likelihood.background is not None:
            terms = terms - likelihood.background * np.expm1(log_ratio)
        if likelihood.mask is not None:
            terms = np.where(likelihood.mask, terms, 0)
        total += float(terms.sum())
    return total


def _excess(
    seen: np.ndarray, data: np.ndarray, penalty: np.ndarray | None
) -> np.ndarray | None:
    """Return the largest ratio of `lower_bound` in every energy, at least 1."""
    more = np.empty((0, 0), seen.dtype) if penalty is None else penalty
    excess = np.ones(len(seen))
    rounding = seen.dtype.type(np.finfo(seen.dtype).eps * np.max(seen))
    in_slices(
        kernels.find_excess, len(seen), *_flat(seen, data, more), rounding, excess
    )
    return excess if np.isfinite(excess).all() else None


def _flat(*arrays: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return arrays as (energy, pixel)."""
    return tuple(a.reshape(len(a), -1) if a.size else a for a in arrays)


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
