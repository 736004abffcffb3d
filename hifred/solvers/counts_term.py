"""The Poisson likelihood of one instrument, seen from coefficient images."""

from functools import cached_property
from typing import final

import numpy as np

from hifred.functionals.poisson import PoissonLikelihood
from hifred.operators.blurs import Blurs
from hifred.operators.matrix import Identity
from hifred.operators.products import multiply

NO_FLOOR = 1e-100


@final
class CountsTerm:
    r"""Expected counts, slopes and curvature blocks of one instrument.

    .. math:: m = A \, S(W) + b, \qquad
        A = [G_1 V, G_2 V, \dots], \quad S(W) = [W K_1^T; W K_2^T; \dots]

    so that the Hessian of any weighted sum of squares of ``m`` is ``S^T C S`` with one
    small symmetric block ``C_j`` per instrument pixel ``j``.

    Parameters
    ----------
    likelihood : PoissonLikelihood
        Its response takes coefficient images, shape (component, y, x).
    """

    def __init__(self, likelihood: PoissonLikelihood) -> None:
        response = likelihood.response
        n_channels, *self.image_shape = response.output_shape
        self.blurs = Blurs([k for _, k in response.pairs])
        self.spectral = np.hstack([g.to_dense() for g, _ in response.pairs])
        self.counts = likelihood.counts.reshape(n_channels, -1).astype(float)
        self.background = _flat(likelihood.background, n_channels)
        everywhere = likelihood.mask is None or likelihood.mask.all()
        self.used = _flat(None if everywhere else likelihood.mask, n_channels)
        # Without the parabola that goes on below small expected counts.
        self._likelihood = PoissonLikelihood(
            response,
            self.counts.reshape(response.output_shape),
            mask=likelihood.mask,
            floor=NO_FLOOR,
        )
        self._lowest = np.where(self.domain(), NO_FLOOR, 0)
        matrices = self.blurs.matrices
        self.is_local = len(matrices) == 1 and isinstance(matrices[0], Identity)

    def expected(self, images: np.ndarray) -> np.ndarray:
        """Return the expected counts, (channel, instrument pixel)."""
        return self.change(images) + (0 if self.background is None else self.background)

    def change(self, images: np.ndarray) -> np.ndarray:
        """Return what `images` add to the expected counts."""
        return multiply(self.spectral, self.blurs.gather(images))

    def divergence(self, expected: np.ndarray) -> float:
        """Return the Poisson divergence; infinite outside its domain."""
        if (self.masked(expected) < self._lowest).any():
            return np.inf
        shape = self._likelihood.response.output_shape
        return self._likelihood.divergence(expected.reshape(shape))

    def pull(self, slope: np.ndarray) -> np.ndarray:
        """Return what a slope (channel, pixel) of the counts is to the images."""
        return self.blurs.spread(multiply(self.spectral.T, self.masked(slope)))

    def blocks(self, weights: np.ndarray) -> np.ndarray:
        """Return ``C_j`` for weights (channel, pixel): (n, n, instrument pixel)."""
        triangle = multiply(self._products, self.masked(weights))
        return unpacked(triangle, self.spectral.shape[1])

    def domain(self) -> np.ndarray:
        """Return where expected counts must stay positive, (channel, pixel)."""
        counted = self.counts > 0
        return counted if self.used is None else counted & self.used

    @cached_property
    def _products(self) -> np.ndarray:
        """Products of any two columns of the spectral matrix, (pairs, channel)."""
        rows, columns = np.triu_indices(self.spectral.shape[1])
        return np.ascontiguousarray(
            (self.spectral[:, rows] * self.spectral[:, columns]).T
        )

    def masked(self, values: np.ndarray) -> np.ndarray:
        """Return values (channel, pixel) with zeros where they are not used."""
        return values if self.used is None else np.where(self.used, values, 0)


def unpacked(triangle: np.ndarray, n: int) -> np.ndarray:
    """Return symmetric blocks (n, n, pixel) from upper triangles (pairs, pixel)."""
    rows, columns = np.triu_indices(n)
    blocks = np.empty((n, n, triangle.shape[1]))
    blocks[rows, columns] = triangle
    blocks[columns, rows] = triangle
    return blocks


def _flat(values: np.ndarray | None, n_channels: int) -> np.ndarray | None:
    return None if values is None else values.reshape(n_channels, -1)
