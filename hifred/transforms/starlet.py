r"""Starlet transforms of images, of spectra and of cubes.

The starlet is the isotropic undecimated wavelet of the B3 spline: scale ``j``
smooths with the filter (1, 4, 6, 4, 1) / 16 with holes of ``2**j`` samples, and
the plane of that scale is what the smoothing takes away. Borders are half-sample
symmetric, which makes every smoothing matrix symmetric: the transforms commute
and a plane is its own adjoint. Each class has the shape of a linear operator
(`input_shape`, `output_shape`, `apply`, `adjoint`).

References
----------
Starck, Fadili & Murtagh (2007), The undecimated wavelet decomposition and its
reconstruction, IEEE Trans. Image Process. 16.
"""

from collections.abc import Callable
from typing import final

import numpy as np

from hifred.errors import HifredError
from hifred.threads import in_slices
from hifred.transforms import image_kernels as by_images
from hifred.transforms import spectrum_kernels as by_spectra
from hifred.transforms import starlet_kernels as kernels

# Fewer values than this are done before another thread has woken up.
VALUES_PER_GRAIN = 1 << 16


def flat_images(planes: np.ndarray) -> np.ndarray:
    """Return an array (..., y, x) as (..., pixel)."""
    *before, n_rows, n_columns = planes.shape
    return planes.reshape(*before, n_rows * n_columns)


def _check_scales(name: str, n_scales: int) -> None:
    if n_scales < 1:
        raise HifredError(
            f"{name} must be at least 1; got {n_scales}. Use 2 in space, 3 in energy."
        )


def _check_shape(found: tuple[int, ...], expected: tuple[int, ...]) -> None:
    if found != expected:
        raise HifredError(
            f"array must have shape {expected}; got {found}. "
            "Build the transform for the shape of the array."
        )


def _floating(array: np.ndarray) -> np.ndarray:
    dtype = np.float32 if array.dtype == np.float32 else np.float64
    return np.ascontiguousarray(array, dtype=dtype)


@final
class Starlet2D:
    """2-D starlet of every image of a cube.

    Parameters
    ----------
    shape : (n, y, x)
        Shape of the cube; any number of images.
    n_scales : int
        Number of fine planes.

    Notes
    -----
    Planes have shape (n_scales + 1, n, y, x), finest first and the coarse one
    last; their sum is the cube.
    """

    def __init__(self, shape: tuple[int, int, int], n_scales: int = 2) -> None:
        _check_scales("n_scales", n_scales)
        self.n_scales = n_scales
        self.input_shape = shape
        self.output_shape = (n_scales + 1, *shape)
        self.tables = tuple(kernels.neighbours(n, n_scales) for n in shape[1:])

    def apply(self, x: np.ndarray) -> np.ndarray:
        x = _floating(x)
        planes = np.empty(self.output_shape, x.dtype)
        self.split(x, planes[:-1], planes[-1])
        return planes

    def adjoint(self, y: np.ndarray) -> np.ndarray:
        _check_shape(y.shape, self.output_shape)
        y = _floating(y)
        cube = np.empty(self.input_shape, y.dtype)
        self.merge(y[:-1], y[-1], cube)
        return cube

    def split(self, cube: np.ndarray, fine: np.ndarray, coarse: np.ndarray) -> None:
        """Write the planes of `cube` (n, y, x) into `fine` and `coarse`."""
        _check_shape(cube.shape, self.input_shape)
        self._by_image(kernels.split_images, cube, *self.tables, fine, coarse)

    def fine(self, cube: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Return the fine planes of `cube` only, (n_scales, n, y, x)."""
        _check_shape(cube.shape, self.input_shape)
        cube = _floating(cube)
        fine = (
            np.empty((self.n_scales, *cube.shape), cube.dtype) if out is None else out
        )
        arrays = flat_images(cube), *self.tables, flat_images(fine)
        self._by_image(by_images.split_fine, *arrays)
        return fine

    def merge_fine(self, fine: np.ndarray) -> np.ndarray:
        """Return the adjoint of `fine` (n_scales, n, y, x) without a coarse plane."""
        cube = np.empty(self.input_shape, fine.dtype)
        arrays = flat_images(fine), *self.tables, flat_images(cube)
        self._by_image(by_images.merge_fine, *arrays)
        return cube

    def merge(self, fine: np.ndarray, coarse: np.ndarray, cube: np.ndarray) -> None:
        """Write the adjoint of `fine` and `coarse` into `cube` (n, y, x)."""
        self._by_image(kernels.merge_images, fine, coarse, *self.tables, cube)

    def _by_image(self, kernel: Callable[..., None], *arguments: np.ndarray) -> None:
        n_images, n_rows, n_columns = self.input_shape
        grain = max(1, VALUES_PER_GRAIN // (n_rows * n_columns))
        in_slices(kernel, n_images, *arguments, grain=grain)

    def reconstruct(self, planes: np.ndarray) -> np.ndarray:
        """Return the cube whose planes are `planes`: their sum."""
        return planes.sum(axis=0)


@final
class Starlet1D:
    """1-D starlet along the first axis of an array.

    Parameters
    ----------
    shape : (energy, ...)
        Shape of the array.
    n_scales : int
        Number of fine planes.

    Notes
    -----
    Planes have shape (n_scales + 1, energy, ...), finest first and the coarse
    one last; their sum is the array.
    """

    def __init__(self, shape: tuple[int, ...], n_scales: int = 3) -> None:
        _check_scales("n_scales", n_scales)
        self.n_scales = n_scales
        self.input_shape = shape
        self.output_shape = (n_scales + 1, *shape)
        self.tables = kernels.neighbours(shape[0], n_scales)

    def apply(self, x: np.ndarray) -> np.ndarray:
        _check_shape(x.shape, self.input_shape)
        x = _floating(x).reshape(len(x), -1)
        planes = np.empty((self.n_scales + 1, *x.shape), x.dtype)
        in_slices(
            kernels.split_spectra,
            x.shape[1],
            *(x, self.tables, planes[:-1], planes[-1]),
            grain=kernels.PIXELS_PER_TILE,
        )
        return planes.reshape(self.output_shape)

    def adjoint(self, y: np.ndarray) -> np.ndarray:
        _check_shape(y.shape, self.output_shape)
        y = _floating(y).reshape(self.n_scales + 1, self.input_shape[0], -1)
        cube = np.empty(y.shape[1:], y.dtype)
        in_slices(
            kernels.merge_spectra,
            cube.shape[1],
            *(y[:-1], y[-1], self.tables, cube),
            grain=kernels.PIXELS_PER_TILE,
        )
        return cube.reshape(self.input_shape)

    def reconstruct(self, planes: np.ndarray) -> np.ndarray:
        """Return the array whose planes are `planes`: their sum."""
        return planes.sum(axis=0)


@final
class Starlet2D1D:
    """2-D starlet of every channel, then 1-D starlet along energy.

    Parameters
    ----------
    shape : (energy, y, x)
        Shape of the cube.
    space_scales, energy_scales : int
        Number of fine planes in the images and along the spectra.

    Notes
    -----
    Planes have shape (space_scales + 1, energy_scales + 1, energy, y, x), the
    coarse ones last: ``planes[:-1, :-1]`` is fine-fine (ww), ``planes[:-1, -1]``
    fine in space only (wc), ``planes[-1, :-1]`` fine in energy only (cw) and
    ``planes[-1, -1]`` coarse (cc). Their sum is the cube.
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        space_scales: int = 2,
        energy_scales: int = 3,
    ) -> None:
        _check_scales("space_scales", space_scales)
        _check_scales("energy_scales", energy_scales)
        self.space_scales = space_scales
        self.energy_scales = energy_scales
        self.input_shape = shape
        self.output_shape = (space_scales + 1, energy_scales + 1, *shape)
        self.images = Starlet2D(shape, space_scales)
        self.spectra = Starlet1D(shape, energy_scales)

    def apply(self, x: np.ndarray) -> np.ndarray:
        return np.stack([self.spectra.apply(plane) for plane in self.images.apply(x)])

    def adjoint(self, y: np.ndarray) -> np.ndarray:
        _check_shape(y.shape, self.output_shape)
        return self.images.adjoint(np.stack([self.spectra.adjoint(p) for p in y]))

    def reconstruct(self, planes: np.ndarray) -> np.ndarray:
        """Return the cube whose planes are `planes`: their sum."""
        return planes.sum(axis=(0, 1))

    def coarse(self, cube: np.ndarray) -> np.ndarray:
        """Return the coarse-coarse plane of `cube`."""
        return self.coarse_spectra(cube, self.images.fine(cube))

    def coarse_spectra(self, cube: np.ndarray, fine: np.ndarray) -> np.ndarray:
        """Return the coarse-coarse plane of `cube`, whose images' planes are `fine`."""
        smooth = cube - fine[0]
        for plane in fine[1:]:
            smooth -= plane
        out = np.empty_like(smooth)
        arrays = flat_images(smooth), self.spectra.tables, flat_images(out)
        in_slices(by_spectra.write_coarse, len(out), *arrays)
        return out

    def first_fine_plane(self, fine: np.ndarray) -> np.ndarray:
        """Return the finest fine-fine plane.

        Parameters
        ----------
        fine : (space_scales, energy, y, x) array
            Fine planes of the images.
        """
        plane = np.empty_like(fine[0])
        table = self.spectra.tables[0]
        arrays = flat_images(fine[0]), table, flat_images(plane)
        in_slices(by_spectra.write_first_plane, len(plane), *arrays)
        return plane

    def subtract_clipped(
        self, cube: np.ndarray, fine: np.ndarray, threshold: np.ndarray | float
    ) -> tuple[np.ndarray, float]:
        """Return `cube` less its fine-fine coefficients clipped at `threshold`.

        That is the sum of the planes after soft-thresholding the fine-fine ones;
        the coefficients are made row by row and never stored.

        Parameters
        ----------
        cube : (energy, y, x) array
            The input of the transform.
        fine : (space_scales, energy, y, x) array
            Fine planes of its images.
        threshold : float or (energy, y, x) array
            Not negative.

        Returns
        -------
        cube : (energy, y, x) array
        magnitude : float
            Sum of the magnitudes of the thresholded coefficients.
        """
        out = np.empty_like(cube)
        bound = np.asarray(threshold, out.dtype)
        bound = bound.reshape(len(out) if bound.ndim else 1, -1)
        excess = np.zeros(len(out))
        planes, tables = flat_images(fine), self.spectra.tables
        arrays = flat_images(cube), planes, tables, bound, flat_images(out), excess
        in_slices(by_spectra.subtract_clipped, len(out), *arrays)
        return out, float(excess.sum())
