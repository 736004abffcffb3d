"""The positive cube ``V W`` and its multipliers, moved without storing any change."""

from dataclasses import dataclass
from typing import final

import numpy as np

from hifred.solvers import cube_slack_kernels as kernels
from hifred.solvers.slack import Prediction, barrier_weight, complementarity
from hifred.threads import in_slices


@final
@dataclass(frozen=True)
class CorrectedCube:
    """Corrected multipliers: what makes them, instead of a cube.

    Attributes
    ----------
    change : (component, pixel) array
        The predicted step of the coefficient images.
    level : float
    """

    change: np.ndarray
    level: float


@final
@dataclass(frozen=True)
class CubeSlack:
    """A cube of low rank that must stay positive: a `Slack` with targets of zero.

    Its changes are steps of the coefficient images, (component, pixel).

    Attributes
    ----------
    value, multiplier : (pixel, energy) arrays
    basis : (component, energy) array
        The spectra, in the precision of the cube.
    """

    value: np.ndarray
    multiplier: np.ndarray
    basis: np.ndarray

    @property
    def target(self) -> np.ndarray:
        return np.zeros(1, self.value.dtype)

    @property
    def is_constraint(self) -> bool:
        return True

    @property
    def weight(self) -> np.ndarray:
        """Return multiplier / value, the curvature of the barrier."""
        return barrier_weight(self.value, self.multiplier)

    def product(self) -> float:
        """Return the sum of value times multiplier, in double precision."""
        return complementarity(self.value, self.multiplier)

    def inverse(self) -> None:
        """Return None: target / value is zero everywhere."""

    def predict(self, change: np.ndarray) -> Prediction:
        """Return what a step to level zero would do, for a `change` of the images."""
        sums = np.zeros((len(self.value), 3))
        in_slices(kernels.predict, len(sums), *self._arrays(change), sums)
        return Prediction(sums[:, 0].max(), *sums[:, 1:].sum(axis=0))

    def corrected(self, change: np.ndarray, level: float) -> CorrectedCube:
        """Return (level - second-order change) / value (Mehrotra 1992), unmade."""
        return CorrectedCube(change, level)

    def pull(self, corrected: CorrectedCube) -> np.ndarray:
        """Return ``V^T`` of the corrected multipliers, (component, pixel)."""
        out = np.empty((len(self.value), len(self.basis)))
        in_slices(kernels.pull_corrected, len(out), *self._corrected(corrected), out)
        return out.T

    def fastest(
        self, change: np.ndarray, corrected: CorrectedCube
    ) -> tuple[float, float]:
        """Return the fastest relative descent of value and multiplier."""
        descents = np.zeros((len(self.value), 2))
        arrays = *self._corrected(corrected), self._rows(change), descents
        in_slices(kernels.fastest, len(descents), *arrays)
        primal, dual = descents.max(axis=0)
        return float(primal), float(dual)

    def moved(
        self,
        change: np.ndarray,
        corrected: CorrectedCube,
        steps: tuple[float, float],
    ) -> "CubeSlack":
        """Return the slack after the given steps of value and multiplier."""
        kind = self.value.dtype.type
        lengths = kind(steps[0]), kind(steps[1])
        value, multiplier = np.empty_like(self.value), np.empty_like(self.value)
        arrays = *self._corrected(corrected), self._rows(change), lengths
        in_slices(kernels.move, len(value), *arrays, value, multiplier)
        return CubeSlack(value, multiplier, self.basis)

    def _arrays(self, change: np.ndarray) -> tuple[np.ndarray, ...]:
        return self.value, self.multiplier, self.basis, self._rows(change)

    def _corrected(self, corrected: CorrectedCube) -> tuple[object, ...]:
        level = self.value.dtype.type(corrected.level)
        return *self._arrays(corrected.change), level

    def _rows(self, images: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(images.T, self.value.dtype)
