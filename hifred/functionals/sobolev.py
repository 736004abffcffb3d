"""Squared differences of neighbouring pixels of coefficient images."""

from typing import final

import numpy as np

from hifred.functionals import sobolev_kernels as kernels
from hifred.functionals.base import Smooth

DIFFERENCES = ("gradient", "mixed")


@final
class SquaredDifferences(Smooth):
    r"""Penalty on images that vary from pixel to pixel.

    .. math:: \varphi(W) = \mu \, \| D W \|_F^2

    Parameters
    ----------
    strength : float
        The weight :math:`\mu \ge 0`.
    difference : {"gradient", "mixed"}
        Both first differences, or the difference along ``y`` of the difference along
        ``x``, which leaves every ``f(x) + g(y)`` unpenalised.

    Notes
    -----
    Differences are taken inside the image only: nothing is assumed beyond its edges.
    """

    def __init__(self, strength: float, difference: str = "gradient") -> None:
        if strength < 0:
            raise ValueError(f"mu must not be negative; got {strength}.")
        if difference not in DIFFERENCES:
            raise ValueError(
                f"difference must be one of {DIFFERENCES}; got {difference!r}."
            )
        self.strength = strength
        self.difference = difference

    def value(self, x: np.ndarray) -> float:
        return 0.5 * float(np.vdot(x, self.gradient(x)))

    def gradient(self, x: np.ndarray) -> np.ndarray:
        """Return ``2 mu D^T D W``, shape (component, y, x); also Hessian times `x`."""
        x, total = np.ascontiguousarray(x), np.zeros(x.shape, x.dtype)
        if self.difference == "mixed":
            along_x = np.zeros_like(total)
            kernels.add_along_x(x, along_x)
            kernels.add_along_y(along_x, total)
        else:
            kernels.add_along_x(x, total)
            kernels.add_along_y(x, total)
        return 2 * self.strength * total

    def curvature(self, image_shape: tuple[int, int]) -> np.ndarray:
        """Return the diagonal of the Hessian of one image, shape (y, x)."""
        neighbours = [_neighbours(n) for n in image_shape]
        if self.difference == "mixed":
            counted = np.multiply.outer(neighbours[0], neighbours[1])
        else:
            counted = np.add.outer(neighbours[0], neighbours[1])
        return 2 * self.strength * counted


def _neighbours(n: int) -> np.ndarray:
    """Return how many differences each of `n` samples takes part in."""
    counted = np.full(n, 2.0)
    counted[0] -= 1
    counted[-1] -= 1
    return counted
