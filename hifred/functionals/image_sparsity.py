"""The l1 norm of the starlet coefficients of coefficient images."""

from typing import final

import numpy as np
import scipy

from hifred.transforms.starlet import Starlet2D


@final
class ImageSparsity:
    r"""Weighted l1 norm of the fine starlet planes of images.

    .. math:: \varphi(W) = \sum_s \lambda_s \, \| (W_{2D} W)_s \|_1

    Parameters
    ----------
    transform : Starlet2D
        Of images (component, y, x).
    weights : (n_scales, component) array
        The fixed numbers :math:`\lambda_s`, above zero.
    """

    def __init__(self, transform: Starlet2D, weights: np.ndarray) -> None:
        self.transform = transform
        self.weights = weights[:, :, None, None]

    def value(self, x: np.ndarray) -> float:
        """Return the penalty of images (component, y, x)."""
        return float(np.sum(self.weights * np.abs(self.planes(x))))

    def planes(self, x: np.ndarray) -> np.ndarray:
        """Return the fine planes, (scale, component, y, x)."""
        return self.transform.fine(x)

    def adjoint(self, planes: np.ndarray) -> np.ndarray:
        """Return the transpose of `planes`, images (component, y, x)."""
        return self.transform.merge_fine(planes)

    def curvature(self, heights: np.ndarray) -> np.ndarray:
        """Return about the diagonal of ``W^T diag(h) W``, (component, y, x).

        Exact away from the borders, where the wavelets are cut off instead of
        mirrored; for preconditioning.
        """
        wavelets = self._squared_wavelets()
        spread = scipy.signal.fftconvolve(heights, wavelets, mode="same", axes=(-2, -1))
        return np.maximum(spread.sum(axis=0), 0)

    def _squared_wavelets(self) -> np.ndarray:
        n_scales = len(self.weights)
        side = 2 ** (n_scales + 3) + 1
        delta = np.zeros((1, side, side))
        delta[0, side // 2, side // 2] = 1.0
        planes = Starlet2D(delta.shape, n_scales).apply(delta)[:-1]
        return np.asarray(planes**2)


def noise_weights(
    strength: float, transform: Starlet2D, noise: list[np.ndarray]
) -> np.ndarray:
    r"""Return :math:`\lambda_s = \mu \sigma_s` for every scale and component.

    Parameters
    ----------
    strength : float
        :math:`\mu`, in units of the noise.
    transform : Starlet2D
    noise : list of (component, y, x) arrays
        Draws of the gradient's noise; see `hifred.functionals.gradient_noise`.

    Returns
    -------
    (n_scales, component) array
    """
    powers = [np.mean(transform.apply(g)[:-1] ** 2, axis=(-2, -1)) for g in noise]
    return strength * np.sqrt(np.mean(powers, axis=0))
