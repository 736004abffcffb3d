"""Positive quantities with multipliers, moved together towards complementarity."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np

from hifred.solvers import slack_kernels as kernels
from hifred.threads import in_slices


@final
@dataclass(frozen=True)
class Slack:
    r"""Quantities that must stay positive, and their multipliers.

    On the central path ``value * multiplier = target + level``: the target is the
    count of a voxel (then the multiplier is count / expected count) or zero (then it
    is the multiplier of the constraint ``value >= 0``).

    Attributes
    ----------
    value, multiplier : arrays of one shape
        Entries whose multiplier is zero are unconstrained.
    target : array of the same shape, or of one entry
    """

    value: np.ndarray
    multiplier: np.ndarray
    target: np.ndarray

    @property
    def is_constraint(self) -> bool:
        """Whether the target is zero: a constraint, not a likelihood."""
        return self.target.size == 1 and not self.target.any()

    @cached_property
    def weight(self) -> np.ndarray:
        """Return multiplier / value, the curvature of the barrier."""
        return barrier_weight(self.value, self.multiplier)

    def product(self) -> float:
        """Return the sum of value times multiplier, in double precision."""
        return complementarity(self.value, self.multiplier)

    def inverse(self) -> np.ndarray:
        """Return target / value; zero where the target is, as in a voxel unseen."""
        targets = np.broadcast_to(self.target, self.value.shape)
        return barrier_weight(self.value, targets)

    def predict(self, change: np.ndarray) -> "Prediction":
        """Return what a step to level zero would do, for a `change` of the value."""
        arrays = self.value, self.multiplier, self.target, change
        sums = _block_sums(kernels.predict, 3, *arrays)
        return Prediction(sums[:, 0].max(), *sums[:, 1:].sum(axis=0))

    def corrected(self, change: np.ndarray, level: float) -> np.ndarray:
        """Return (target + level - second-order change) / value (Mehrotra 1992)."""
        out = np.empty_like(self.value)
        arrays = _flat(self.value, self.multiplier, self.target, change)
        level = out.dtype.type(level)
        n_blocks = -(-out.size // kernels.BLOCK)
        in_slices(kernels.correct, n_blocks, *arrays, level, *_flat(out))
        return out

    def fastest(self, change: np.ndarray, corrected: np.ndarray) -> tuple[float, float]:
        """Return the fastest relative descent of value and multiplier."""
        arrays = self.value, self.multiplier, change, corrected
        primal, dual = _block_sums(kernels.fastest, 2, *arrays).max(axis=0)
        return float(primal), float(dual)

    def moved(
        self, change: np.ndarray, corrected: np.ndarray, steps: tuple[float, float]
    ) -> "Slack":
        """Return the slack after the given steps of value and multiplier."""
        value, multiplier = np.empty_like(self.value), np.empty_like(self.value)
        arrays = _flat(self.value, self.multiplier, change, corrected)
        lengths = np.array(steps, value.dtype)
        moved = _flat(value, multiplier)
        in_slices(kernels.move, value.size, *arrays, lengths, *moved)
        return Slack(value, multiplier, self.target)


@final
@dataclass(frozen=True)
class Prediction:
    """Fastest relative descent, and sums that give any step's complementarity."""

    fastest: float
    product: float
    second_order: float

    def complementarity(self, step: float) -> float:
        """Return the sum of value times multiplier after a step of both.

        Holds for targets of zero, where the first order is ``-product``.
        """
        return (1 - step) * self.product + step**2 * self.second_order


def barrier_weight(value: np.ndarray, multiplier: np.ndarray) -> np.ndarray:
    """Return multiplier / value; zero where the multiplier is."""
    out = np.empty_like(value)
    in_slices(kernels.weight, out.size, *_flat(value, multiplier, out))
    return out


def complementarity(value: np.ndarray, multiplier: np.ndarray) -> float:
    """Return the sum of value times multiplier, in double precision."""
    return float(_block_sums(kernels.product, 1, value, multiplier).sum())


def _flat(*arrays: np.ndarray) -> list[np.ndarray]:
    return [np.ascontiguousarray(a).reshape(-1) for a in arrays]


def _block_sums(
    kernel: Callable[..., None], n_sums: int, *arrays: np.ndarray
) -> np.ndarray:
    """Return what `kernel` found in every block, (block, n_sums)."""
    n_blocks = -(-arrays[0].size // kernels.BLOCK)
    sums = np.zeros((n_blocks, n_sums))
    in_slices(kernel, n_blocks, *_flat(*arrays), sums)
    return sums
