"""A steep bowl under the negative voxels of a cube, instead of a wall at zero."""

from typing import final

import numpy as np

from hifred.functionals.positivity import PositiveCube
from hifred.solvers import nearby_kernels as kernels
from hifred.threads import in_slices


@final
class SoftPositivity:
    r"""The penalty on negative voxels of ``V W``.

    .. math:: \psi(W) = \frac12 \sum_p s_p \sum_e \min(0, (V W)_{ep})^2

    Smooth, so that Newton's method gets by without a path of barriers. As steep as it
    is here, minimisers are off those with a wall by a small share of their spread.

    Parameters
    ----------
    basis : (energy, component) array
    stiffness : (pixel,) array
    """

    def __init__(self, basis: np.ndarray, stiffness: np.ndarray) -> None:
        self._positive = PositiveCube(basis, np.float32)
        self._stiffness = stiffness.astype(np.float32)

    def cube(self, images: np.ndarray) -> np.ndarray:
        """Return ``V W`` as (pixel, energy), in single precision."""
        return self._positive.cube(images)

    def bends(self, cube: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return gradient (component, pixel) and Hessian (component, component, pixel).

        Parameters
        ----------
        cube : (pixel, energy) array
            As `cube` returns.
        """
        n, n_pixels = len(self._positive.spectra), len(cube)
        slopes, blocks = np.empty((n_pixels, n)), np.empty((n_pixels, n, n))
        arrays = cube, self._positive.spectra, self._stiffness, slopes, blocks
        in_slices(kernels.write_bends, n_pixels, *arrays)
        return slopes.T, blocks.transpose(1, 2, 0)

    def slope_along(self, cube: np.ndarray, change: np.ndarray, length: float) -> float:
        """Return the derivative along a `change` of the cube, at a `length` of it."""
        slopes = np.zeros(len(cube))
        arrays = cube, change, np.float32(length), slopes
        in_slices(kernels.write_slopes_along, len(cube), *arrays)
        return float(slopes @ self._stiffness)
