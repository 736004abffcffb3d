"""The set of non-negative cubes of low rank, seen from coefficient images."""

from typing import final

import numpy as np

from hifred.operators.products import multiply
from hifred.threads import in_slices, one_blas_thread

# Bounds the memory of the conversion to double precision.
PIXELS_AT_ONCE = 64


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
        self.spectra = np.ascontiguousarray(basis.T, dtype)
        rows, columns = np.triu_indices(basis.shape[1])
        self._products = basis[:, rows].astype(float) * basis[:, columns]

    def cube(self, images: np.ndarray) -> np.ndarray:
        """Return ``V W`` for images (component, pixel), as (pixel, energy)."""
        rows = np.ascontiguousarray(images.T, self.spectra.dtype)
        return multiply(rows, self.spectra)

    def adjoint(self, cube: np.ndarray) -> np.ndarray:
        """Return ``V^T z`` for a cube (pixel, energy), as (component, pixel)."""
        return multiply(cube, self.spectra.T).T.astype(float)

    def triangle(self, weights: np.ndarray) -> np.ndarray:
        """Return upper triangles of ``V^T diag(w) V``, (pairs, pixel).

        Always in double precision: weights of active voxels are 1e8 times those of
        the others, whose directions would drown in single precision.
        """
        triangle = np.empty((self._products.shape[1], len(weights)))
        with one_blas_thread():
            in_slices(self._write_triangle, len(weights), weights, triangle)
        return triangle

    def _write_triangle(
        self, weights: np.ndarray, triangle: np.ndarray, start: int, stop: int
    ) -> None:
        for first in range(start, stop, PIXELS_AT_ONCE):
            pixels = slice(first, min(first + PIXELS_AT_ONCE, stop))
            triangle[:, pixels] = (weights[pixels].astype(float) @ self._products).T
