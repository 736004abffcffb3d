"""Matrices of the sky plane: PSF blur followed by rebinning to larger pixels."""

import numpy as np

from hifred.operators.matrix import Dense, Identity, Kronecker, Matrix
from hifred.operators.spectral import convolution_matrix, rebinning_matrix

# Separable terms weaker than this fraction of the strongest are rounding.
WEAKEST_TERM = 1e-13


def blur_and_rebin(
    psf: np.ndarray | None,
    image_shape: tuple[int, int],
    *,
    factor: int = 1,
    boundary: str = "zero",
    field: tuple[slice, slice] | None = None,
) -> Matrix:
    """Return the matrix from sky pixels to instrument pixels.

    Parameters
    ----------
    psf : (odd, odd) array, or None
        Point-spread function in sky pixels, centre on the middle pixel; None blurs
        nothing.
    image_shape : (int, int)
        Sky pixels along ``y`` and ``x``.
    factor : int
        Sky pixels per instrument pixel, along each axis.
    boundary : {"zero", "reflect"}
        What lies outside the modelled sky.
    field : (slice, slice), optional
        Rows and columns of the sky that the instrument sees; by default all. A sky
        that is larger lets flux leak in from outside the field.

    Raises
    ------
    ValueError
        If the PSF has no middle pixel or `factor` does not divide the field.
    """
    rows, columns = _whole_field(image_shape) if field is None else field
    if psf is None and factor == 1 and (rows, columns) == _whole_field(image_shape):
        return Identity(image_shape[0] * image_shape[1])
    terms = _separable_terms(np.ones((1, 1)) if psf is None else psf)
    along_y = _axis_matrices(terms[0], image_shape[0], boundary)[:, rows]
    along_x = _axis_matrices(terms[1], image_shape[1], boundary)[:, columns]
    along_y = rebinning_matrix(along_y.shape[1], factor) @ along_y
    along_x = rebinning_matrix(along_x.shape[1], factor) @ along_x
    separable = Kronecker(along_y, along_x)
    if separable.cost <= separable.shape[0] * separable.shape[1]:
        return separable
    return Dense(separable.to_dense())


def _separable_terms(psf: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return kernels along y and x, (terms, n), whose outer products sum to `psf`."""
    if psf.ndim != 2 or psf.shape[0] % 2 == 0 or psf.shape[1] % 2 == 0:
        raise ValueError(
            "psf must have odd side lengths, to have a centre pixel; "
            f"got shape {psf.shape}."
        )
    left, values, right = np.linalg.svd(psf, full_matrices=False)
    kept = values > WEAKEST_TERM * values[0]
    return (left * values)[:, kept].T, right[kept]


def _axis_matrices(kernels: np.ndarray, n: int, boundary: str) -> np.ndarray:
    return np.stack([convolution_matrix(k, n, boundary) for k in kernels])


def _whole_field(image_shape: tuple[int, int]) -> tuple[slice, slice]:
    return slice(0, image_shape[0]), slice(0, image_shape[1])
