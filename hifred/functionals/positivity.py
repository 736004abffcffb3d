"""The set of non-negative cubes of low rank, seen from coefficient images."""

from typing import final

import numpy as np


@final
class PositiveCube:
    r"""The linear map of the constraint ``V W >= 0``.

    Cubes are kept as (pixel, energy), so that one pixel's spectrum is contiguous.

    Parameters
    ----------
    basis : (energy, component) array
        The spectra ``V``, orthonormal.
    dtype : float32 or float64
        Precision of the cubes.
    """

    def __init__(self, basis: np.ndarray, dtype: np.typing.DTypeLike) -> None:
        self.basis = np.ascontiguousarray(basis, dtype)
        rows, columns = np.triu_indices(basis.shape[1])
        products = self.basis[:, rows] * self.basis[:, columns]
        self._products = np.ascontiguousarray(products)

    def cube(self, images: np.ndarray) -> np.ndarray:
        """Return ``V W`` for images (component, pixel), as (pixel, energy)."""
        return images.T.astype(self.basis.dtype) @ self.basis.T

    def adjoint(self, cube: np.ndarray) -> np.ndarray:
        """Return ``V^T z`` for a cube (pixel, energy), as (component, pixel)."""
        return (cube @ self.basis).T.astype(float)

    def triangle(self, weights: np.ndarray) -> np.ndarray:
        """Return upper triangles of ``V^T diag(w) V``, (pairs, pixel)."""
        return (weights @ self._products).T.astype(float)
