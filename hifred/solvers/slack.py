"""Positive quantities with multipliers, moved together towards complementarity."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import numba
import numpy as np

from hifred.transforms.threads import in_slices

# Entries are worked on in blocks of this many, each with sums of its own: the sums
# are then the same for any number of threads.
BLOCK = 1 << 14


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

    @property
    def weight(self) -> np.ndarray:
        """Return multiplier / value, the curvature of the barrier."""
        out = np.empty_like(self.value)
        _in_blocks(_weight, self.value, self.multiplier, out)
        return out

    def product(self) -> float:
        """Return the sum of value times multiplier, in double precision."""
        sums = _block_sums(_product, 1, self.value, self.multiplier)
        return float(sums[:, 0].sum())

    def inverse(self) -> np.ndarray:
        """Return target / value."""
        return self.target / self.value

    def predict(self, change: np.ndarray) -> "Prediction":
        """Return what a step to level zero would do, for a `change` of the value."""
        arrays = self.value, self.multiplier, self.target, change
        sums = _block_sums(_predict, 5, *arrays)
        return Prediction(*sums[:, :2].max(axis=0), *sums[:, 2:].sum(axis=0))

    def corrected(self, change: np.ndarray, level: float) -> np.ndarray:
        """Return (target + level - second-order change) / value (Mehrotra 1992)."""
        out = np.empty_like(self.value)
        arrays = self.value, self.multiplier, self.target, change
        _in_blocks(_correct, *arrays, np.array([level]), out)
        return out

    def fastest(self, change: np.ndarray, corrected: np.ndarray) -> tuple[float, float]:
        """Return the fastest relative descent of value and multiplier."""
        arrays = self.value, self.multiplier, change, corrected
        primal, dual = _block_sums(_fastest, 2, *arrays).max(axis=0)
        return float(primal), float(dual)

    def moved(
        self, change: np.ndarray, corrected: np.ndarray, steps: tuple[float, float]
    ) -> "Slack":
        """Return the slack after the given steps of value and multiplier."""
        value, multiplier = np.empty_like(self.value), np.empty_like(self.value)
        arrays = self.value, self.multiplier, change, corrected
        _in_blocks(_move, *arrays, np.array(steps), value, multiplier)
        return Slack(value, multiplier, self.target)


@final
@dataclass(frozen=True)
class Prediction:
    """Fastest relative descents, and sums that give any step's complementarity."""

    fastest_value: float
    fastest_multiplier: float
    product: float
    change_times_multiplier: float
    second_order: float

    def complementarity(self, steps: tuple[float, float]) -> float:
        """Return the sum of value times multiplier after the given steps.

        Holds for targets of zero, where ``value * change of multiplier`` is
        ``-product - multiplier * change of value``.
        """
        primal, dual = steps
        return (
            (1 - dual) * self.product
            + (primal - dual) * self.change_times_multiplier
            + primal * dual * self.second_order
        )


def _in_blocks(kernel: Callable[..., None], *arrays: np.ndarray) -> None:
    flat = [np.ascontiguousarray(a).reshape(-1) for a in arrays]
    in_slices(kernel, flat[0].size, *flat, grain=BLOCK)


def _block_sums(
    kernel: Callable[..., None], n_sums: int, *arrays: np.ndarray
) -> np.ndarray:
    """Return what `kernel` found in every block, (block, n_sums)."""
    flat = [np.ascontiguousarray(a).reshape(-1) for a in arrays]
    n_blocks = -(-flat[0].size // BLOCK)
    sums = np.zeros((n_blocks, n_sums))
    in_slices(kernel, n_blocks, *flat, sums)
    return sums


@numba.njit(nogil=True, cache=True)
def _product(
    value: np.ndarray, multiplier: np.ndarray, sums: np.ndarray, start: int, stop: int
) -> None:
    for block in range(start, stop):
        total = 0.0
        for i in range(block * BLOCK, min((block + 1) * BLOCK, value.size)):
            total += np.float64(value[i]) * np.float64(multiplier[i])
        sums[block, 0] = total


@numba.njit(nogil=True, cache=True)
def _weight(
    value: np.ndarray, multiplier: np.ndarray, out: np.ndarray, start: int, stop: int
) -> None:
    for i in range(start, stop):
        out[i] = multiplier[i] / value[i] if multiplier[i] > 0 else 0.0


@numba.njit(nogil=True, cache=True)
def _predict(  # compiled kernels take what they read and write, hence so many
    value: np.ndarray,
    multiplier: np.ndarray,
    target: np.ndarray,
    change: np.ndarray,
    sums: np.ndarray,
    start: int,
    stop: int,
) -> None:
    stride = 0 if target.size == 1 else 1
    for block in range(start, stop):
        found = sums[block]
        for i in range(block * BLOCK, min((block + 1) * BLOCK, value.size)):
            z, y, dz = value[i], multiplier[i], change[i]
            if y > 0:
                dy = (target[i * stride] - y * dz) / z - y
                found[0] = max(found[0], -dz / z)
                found[1] = max(found[1], -dy / y)
                found[2] += np.float64(z) * y
                found[3] += np.float64(dz) * y
                found[4] += np.float64(dz) * dy


@numba.njit(nogil=True, cache=True)
def _correct(
    value: np.ndarray,
    multiplier: np.ndarray,
    target: np.ndarray,
    change: np.ndarray,
    level: np.ndarray,
    out: np.ndarray,
    start: int,
    stop: int,
) -> None:
    stride = 0 if target.size == 1 else 1
    for i in range(start, stop):
        z, y, dz, aim = value[i], multiplier[i], change[i], target[i * stride]
        if y > 0:
            dy = (aim - y * dz) / z - y
            out[i] = (aim + level[0] - dz * dy) / z
        else:
            out[i] = 0.0


@numba.njit(nogil=True, cache=True)
def _fastest(
    value: np.ndarray,
    multiplier: np.ndarray,
    change: np.ndarray,
    corrected: np.ndarray,
    sums: np.ndarray,
    start: int,
    stop: int,
) -> None:
    for block in range(start, stop):
        found = sums[block]
        for i in range(block * BLOCK, min((block + 1) * BLOCK, value.size)):
            z, y, dz = value[i], multiplier[i], change[i]
            if y > 0:
                dy = corrected[i] - y - y * dz / z
                found[0] = max(found[0], -dz / z)
                found[1] = max(found[1], -dy / y)


@numba.njit(nogil=True, cache=True)
def _move(
    value: np.ndarray,
    multiplier: np.ndarray,
    change: np.ndarray,
    corrected: np.ndarray,
    steps: np.ndarray,
    next_value: np.ndarray,
    next_multiplier: np.ndarray,
    start: int,
    stop: int,
) -> None:
    for i in range(start, stop):
        z, y, dz = value[i], multiplier[i], change[i]
        next_value[i] = z + steps[0] * dz
        dy = corrected[i] - y - y * dz / z if y > 0 else 0.0
        next_multiplier[i] = y + steps[1] * dy
