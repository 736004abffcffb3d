"""Bounds on wavelet coefficients, whose sum is the l1 norm."""

from typing import final

import numpy as np

from hifred.functionals.image_sparsity import ImageSparsity
from hifred.solvers.hessian_parts import HessianParts
from hifred.solvers.slack import Slack


@final
class BoundCone:
    r"""Bounds ``t`` with ``t - u >= 0`` and ``t + u >= 0`` on coefficients ``u``.

    Minimising :math:`\lambda t` under these is minimising :math:`\lambda |u|`. The
    two multipliers sum to :math:`\lambda` at every iterate, and ``t`` is eliminated
    from every step, coefficient by coefficient.

    Values are stacked as (2, scale, component, y, x): ``t - u``, then ``t + u``.
    """

    def __init__(self, sparsity: ImageSparsity, image_shape: tuple[int, int]) -> None:
        self.sparsity = sparsity
        self.image_shape = image_shape

    def begin(self, images: np.ndarray, level: float) -> Slack:
        planes = self._planes(images)
        weights = self.sparsity.weights
        bounds = np.abs(planes) + 2 * level / weights
        value = np.stack([bounds - planes, bounds + planes])
        multiplier = weights * value[::-1] / value.sum(axis=0)
        return self.restore(value, multiplier, np.zeros(1))

    def restore(
        self, value: np.ndarray, multiplier: np.ndarray, target: np.ndarray
    ) -> Slack:
        return Slack(value, multiplier, target)

    def slope(self, slack: Slack) -> np.ndarray:
        return self.pull(slack, slack.multiplier)

    def pull(self, slack: Slack, corrected: np.ndarray) -> np.ndarray:
        below, above = slack.weight
        excess = corrected.sum(axis=0) - self.sparsity.weights
        slope = corrected[0] - corrected[1]
        return self._adjoint(slope - (below - above) * excess / (below + above))

    def change(
        self, step: np.ndarray, slack: Slack, corrected: np.ndarray
    ) -> np.ndarray:
        below, above = slack.weight
        planes = self._planes(step)
        excess = corrected.sum(axis=0) - self.sparsity.weights
        bounds = (excess + (below - above) * planes) / (below + above)
        return np.stack([bounds - planes, bounds + planes])

    def certify(
        self, slack: Slack, step: np.ndarray, weight: np.ndarray
    ) -> tuple[float, np.ndarray]:
        planes = 0.5 * (slack.value[1] - slack.value[0])
        slope = slack.multiplier[0] - slack.multiplier[1]
        slope = slope - _height(weight) * self._planes(step)
        outside = np.abs(slope) > self.sparsity.weights
        if outside.any():
            return np.inf, np.where(outside, 0, weight)
        terms = self.sparsity.weights * np.abs(planes) - slope * planes
        return float(np.sum(terms)), weight

    def add_curvature(self, weight: np.ndarray, parts: HessianParts) -> None:
        if weight.size == 0:
            return
        heights = _height(weight)
        diagonal = self.sparsity.curvature(heights)
        parts.add_remainder(
            lambda images: self._adjoint(heights * self._planes(images)),
            diagonal.reshape(len(diagonal), -1),
        )

    def cost(self, images: np.ndarray) -> float:
        """Return the penalty of images (component, pixel)."""
        return self.sparsity.value(images.reshape(-1, *self.image_shape))

    def _planes(self, images: np.ndarray) -> np.ndarray:
        return self.sparsity.planes(images.reshape(-1, *self.image_shape))

    def _adjoint(self, planes: np.ndarray) -> np.ndarray:
        images = self.sparsity.adjoint(planes)
        return images.reshape(len(images), -1)


def _height(weight: np.ndarray) -> np.ndarray:
    """Return the curvature that is left once the bounds are eliminated."""
    return np.asarray(
        4 * weight[0] * weight[1] / np.maximum(weight[0] + weight[1], 1e-300)
    )
