"""The Poisson likelihood of one instrument, seen from coefficient images."""

from typing import final

import numpy as np
import scipy.special

from hifred.functionals.poisson import PoissonLikelihood
from hifred.operators.matrix import Identity


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
        n_channels = response.output_shape[0]
        self.n_components = response.input_shape[0]
        self.spatial = [k for _, k in response.pairs]
        self.spectral = np.hstack([g.to_dense() for g, _ in response.pairs])
        self.counts = likelihood.counts.reshape(n_channels, -1).astype(float)
        self.background = _flat(likelihood.background, n_channels)
        self.used = _flat(likelihood.mask, n_channels)
        self.is_local = len(self.spatial) == 1 and isinstance(self.spatial[0], Identity)

    def gather(self, images: np.ndarray) -> np.ndarray:
        """Return ``S(W)``, (pairs x component, instrument pixel)."""
        parts = [k.apply_rows(images) for k in self.spatial]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def spread(self, gathered: np.ndarray) -> np.ndarray:
        """Return ``S^T`` of an array shaped as `gather` returns, (component, pixel)."""
        parts = np.split(gathered, len(self.spatial))
        total = self.spatial[0].adjoint_rows(parts[0])
        for k, part in zip(self.spatial[1:], parts[1:], strict=True):
            total = total + k.adjoint_rows(part)
        return total

    def expected(self, images: np.ndarray) -> np.ndarray:
        """Return the expected counts, (channel, instrument pixel)."""
        return self.change(images) + (0 if self.background is None else self.background)

    def change(self, images: np.ndarray) -> np.ndarray:
        """Return what `images` add to the expected counts."""
        return self.spectral @ self.gather(images)

    def divergence(self, expected: np.ndarray) -> float:
        """Return the Poisson divergence; infinite outside its domain."""
        terms = scipy.special.kl_div(self.counts, expected)
        return float(np.sum(terms if self.used is None else terms[self.used]))

    def pull(self, slope: np.ndarray) -> np.ndarray:
        """Return what a slope (channel, pixel) of the counts is to the images."""
        return self.spread(self.spectral.T @ self._masked(slope))

    def blocks(self, weights: np.ndarray) -> np.ndarray:
        """Return ``C_j`` for weights (channel, pixel): (n, n, instrument pixel)."""
        n = self.spectral.shape[1]
        rows, columns = np.triu_indices(n)
        products = self.spectral[:, rows] * self.spectral[:, columns]
        return unpacked(products.T @ self._masked(weights), n)

    def domain(self) -> np.ndarray:
        """Return where expected counts must stay positive, (channel, pixel)."""
        counted = self.counts > 0
        return counted if self.used is None else counted & self.used

    def _masked(self, values: np.ndarray) -> np.ndarray:
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
