"""Positive quantities with multipliers, moved together towards complementarity."""

from dataclasses import dataclass
from typing import final

import numba
import numpy as np


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
        _weight(self.value.ravel(), self.multiplier.ravel(), out.ravel())
        return out

    def product(self) -> float:
        """Return the sum of value times multiplier, in double precision."""
        return float(_product(self.value.ravel(), self.multiplier.ravel()))

    def inverse(self) -> np.ndarray:
        """Return target / value."""
        return self.target / self.value

    def predict(self, change: np.ndarray) -> "Prediction":
        """Return what a step to level zero would do, for a `change` of the value."""
        return Prediction(*_predict(*self._flat(), change.ravel()))

    def corrected(self, change: np.ndarray, level: float) -> np.ndarray:
        """Return (target + level - second-order change) / value (Mehrotra 1992)."""
        out = np.empty_like(self.value)
        _correct(*self._flat(), change.ravel(), level, out.ravel())
        return out

    def fastest(self, change: np.ndarray, corrected: np.ndarray) -> tuple[float, float]:
        """Return the fastest relative descent of value and multiplier."""
        flat = change.ravel(), corrected.ravel()
        return _fastest(self.value.ravel(), self.multiplier.ravel(), *flat)

    def moved(
        self, change: np.ndarray, corrected: np.ndarray, steps: tuple[float, float]
    ) -> "Slack":
        """Return the slack after the given steps of value and multiplier."""
        value, multiplier = np.empty_like(self.value), np.empty_like(self.value)
        flat = self.value.ravel(), self.multiplier.ravel()
        directions = change.ravel(), corrected.ravel()
        _move(*flat, *directions, *steps, (value.ravel(), multiplier.ravel()))
        return Slack(value, multiplier, self.target)

    def _flat(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return self.value.ravel(), self.multiplier.ravel(), self.target.ravel()


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


@numba.njit(parallel=True, cache=True)
def _product(value: np.ndarray, multiplier: np.ndarray) -> float:
    total = 0.0
    for i in numba.prange(value.size):
        total += np.float64(value[i]) * np.float64(multiplier[i])
    return total


@numba.njit(parallel=True, cache=True)
def _weight(value: np.ndarray, multiplier: np.ndarray, out: np.ndarray) -> None:
    for i in numba.prange(value.size):
        out[i] = multiplier[i] / value[i] if multiplier[i] > 0 else 0.0


@numba.njit(parallel=True, cache=True)
def _predict(
    value: np.ndarray, multiplier: np.ndarray, target: np.ndarray, change: np.ndarray
) -> tuple:
    stride = 0 if target.size == 1 else 1
    fastest_value, fastest_multiplier = 0.0, 0.0
    product, first, second = 0.0, 0.0, 0.0
    for i in numba.prange(value.size):
        z, y, dz = value[i], multiplier[i], change[i]
        if y > 0:
            dy = (target[i * stride] - y * dz) / z - y
            fastest_value = max(fastest_value, -dz / z)
            fastest_multiplier = max(fastest_multiplier, -dy / y)
            product += z * y
            first += dz * y
            second += dz * dy
    return fastest_value, fastest_multiplier, product, first, second


@numba.njit(parallel=True, cache=True)
def _correct(
    value: np.ndarray,
    multiplier: np.ndarray,
    target: np.ndarray,
    change: np.ndarray,
    level: float,
    out: np.ndarray,
) -> None:
    stride = 0 if target.size == 1 else 1
    for i in numba.prange(value.size):
        z, y, dz, aim = value[i], multiplier[i], change[i], target[i * stride]
        if y > 0:
            dy = (aim - y * dz) / z - y
            out[i] = (aim + level - dz * dy) / z
        else:
            out[i] = 0.0


@numba.njit(parallel=True, cache=True)
def _fastest(
    value: np.ndarray,
    multiplier: np.ndarray,
    change: np.ndarray,
    corrected: np.ndarray,
) -> tuple:
    fastest_value, fastest_multiplier = 0.0, 0.0
    for i in numba.prange(value.size):
        z, y, dz = value[i], multiplier[i], change[i]
        if y > 0:
            dy = corrected[i] - y - y * dz / z
            fastest_value = max(fastest_value, -dz / z)
            fastest_multiplier = max(fastest_multiplier, -dy / y)
    return fastest_value, fastest_multiplier


@numba.njit(parallel=True, cache=True)
def _move(
    value: np.ndarray,
    multiplier: np.ndarray,
    change: np.ndarray,
    corrected: np.ndarray,
    primal: float,
    dual: float,
    after: tuple,
) -> None:
    for i in numba.prange(value.size):
        z, y, dz = value[i], multiplier[i], change[i]
        after[0][i] = z + primal * dz
        dy = corrected[i] - y - y * dz / z if y > 0 else 0.0
        after[1][i] = y + dual * dy
