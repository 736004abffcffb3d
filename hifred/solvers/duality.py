"""How far a non-negative cube is from the minimum, at most."""

from collections.abc import Sequence
from typing import final

import numpy as np

from hifred.functionals.poisson import PoissonLikelihood
from hifred.operators.matrix import Diagonal, Identity, Matrix
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
    in_slices(kernels.sum_missed, len(cube), *_flat(cube, data, penalty), sums)
    missed, paid = sums.sum(axis=0)
    return float(missed if penalty is None else missed + norm - paid)


@final
class LowerBound:
    r"""A proven lower bound of the objective over all non-negative cubes.

    Every ``r > 0`` with :math:`A^T r \le A^T 1 + W^T u` gives the bound
    :math:`\sum_v d_v \ln r_v + b_v (1 - r_v)`. The ratios are made feasible by
    dividing them, energy by energy, by the largest excess that they meet.

    Parameters
    ----------
    likelihoods : sequence of PoissonLikelihood
    seen : (energy, y, x) array
        :math:`A^T 1` over the voxels that are used.
    """

    def __init__(
        self, likelihoods: Sequence[PoissonLikelihood], seen: np.ndarray
    ) -> None:
        self._likelihoods = likelihoods
        self._seen = seen
        self._reaches = [
            [_reach(spectral) for spectral, _ in f.response.pairs] for f in likelihoods
        ]

    def at(
        self,
        duals: Sequence[np.ndarray],
        data: np.ndarray,
        penalty: np.ndarray | None,
    ) -> float:
        """Return the bound; minus infinity when nothing can be proven yet.

        Parameters
        ----------
        duals : sequence of (channel, y, x) arrays
            ``1 - r`` of each instrument; what follows them is not looked at.
        data : (energy, y, x) array
            :math:`A^T (1 - r)` over the voxels that are used.
        penalty : (energy, y, x) array or None
            :math:`W^T u`, with ``u`` within its bounds.
        """
        excess = self._excess(data, penalty)
        if excess is None:
            return -np.inf
        terms = zip(self._likelihoods, duals, self._reaches, strict=False)
        return sum(_bound(f, d, _worst(excess, reach)) for f, d, reach in terms)

    def _excess(
        self, data: np.ndarray, penalty: np.ndarray | None
    ) -> np.ndarray | None:
        """Return the largest excess of every energy, at least 1."""
        seen = self._seen
        excess = np.ones(len(seen))
        arrays = _flat(seen, data, penalty)
        rounding = seen.dtype.type(np.finfo(seen.dtype).eps * np.max(seen))
        in_slices(kernels.find_excess, len(seen), *arrays, rounding, excess)
        return excess if np.isfinite(excess).all() else None


def _bound(likelihood: PoissonLikelihood, dual: np.ndarray, worst: np.ndarray) -> float:
    sums = np.zeros(len(dual))
    arrays = _flat(likelihood.counts, dual, likelihood.background, likelihood.mask)
    in_slices(kernels.sum_bounds, len(dual), *arrays, worst, sums)
    return float(sums.sum())


def _reach(spectral: Matrix) -> np.ndarray:
    """Return the first energy of every channel and that after its last, (channel, 2).

    All energies where the matrix is too large to look at, none where it is empty.
    """
    n_channels, n_energies = spectral.shape
    if isinstance(spectral, Identity | Diagonal):
        return np.arange(n_channels)[:, None] + (0, 1)
    if n_channels * n_energies > LARGEST_SUPPORT:
        return np.tile((0, n_energies), (n_channels, 1))
    recorded = spectral.to_dense() != 0
    after_last = n_energies - recorded[:, ::-1].argmax(axis=1)
    reach = np.column_stack([recorded.argmax(axis=1), after_last])
    return np.where(recorded.any(axis=1, keepdims=True), reach, n_energies)


def _worst(excess: np.ndarray, reaches: Sequence[np.ndarray]) -> np.ndarray:
    """Return the largest excess between the first and last energies of a channel."""
    padded = np.append(excess, 1.0)
    largest = [np.maximum.reduceat(padded, reach.ravel())[::2] for reach in reaches]
    return np.asarray(np.maximum.reduce(largest))


def _flat(first: np.ndarray, *others: np.ndarray | None) -> tuple[np.ndarray, ...]:
    """Return arrays as (energy, pixel); what is None as an empty one of one type."""
    none = np.empty((0, 0), first.dtype)
    arrays = (none if a is None else a.reshape(len(a), -1) for a in others)
    return first.reshape(len(first), -1), *arrays
