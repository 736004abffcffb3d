"""The set of non-negative cubes of low rank, seen from coefficient images."""

from typing import final

import numpy as np

# Bounds the memory of the conversion to double precision.
PIXELS_AT_ONCE = 256


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
        self._products = basis[:, rows].astype(float) * basis[:, columns]

    def cube(self, images: np.ndarray) -> np.ndarray:
        """Return ``V W`` for images (component, pixel), as (pixel, energy)."""
        return images.T.astype(self.basis.dtype) @ self.basis.T

    def adjoint(self, cube: np.ndarray) -> np.ndarray:
        """Return ``V^T z`` for a cube (pixel, energy), as (component, pixel)."""
        return (cube @ self.basis).T.astype(float)

    def triangle(self, weights: np.ndarray) -> np.ndarray:
        """Return upper triangles of ``V^T diag(w) V``, (pairs, pixel).

        Always in double precision: weights of active voxels are 1e8 times those of
        the others, whose directions would drown in single precision.
        """
        triangle = np.empty((self._products.shape[1], len(weights)))
        for first in range(0, len(weights), PIXELS_AT_ONCE):
            pixels = slice(first, first + PIXELS_AT_ONCE)
            triangle[:, pixels] = (weights[pixels].astype(float) @ self._products).T
        return triangle
