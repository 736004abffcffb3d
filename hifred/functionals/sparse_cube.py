"""The l1 norm of the 2D-1D starlet coefficients of a cube, with fixed weights."""

from collections.abc import Mapping
from typing import final

import numpy as np
import scipy

from hifred.functionals import sparse_cube_kernels as kernels
from hifred.functionals.gradient_noise import gradient_noise
from hifred.functionals.poisson import PoissonLikelihood
from hifred.threads import between_slices, in_slices
from hifred.transforms.median import median_absolute_deviation
from hifred.transforms.starlet import Starlet2D1D, flat_images

# Steps of the multipliers of wavelets wider along y and x than the finest. Some
# frequencies pass the finest ones undamped, but none more than 0.56 of the others: at
# 2.5 the sum of squares times steps still nowhere passes 1, and with the responses it
# does not at 2.
WIDER_STEP = 2.0


@final
class SparseCube:
    r"""Weighted l1 norm of the fine-fine coefficients.

    .. math:: \varphi(Z) = \sum_s \sum_j \sigma_s \mu_j |(W_s Z)_j|

    Parameters
    ----------
    transform : Starlet2D1D
    weights : (space_scales, energy_scales) array
        :math:`\sigma_s`, not negative; see `plane_noise`.
    strength : float or (energy, y, x) array
        :math:`\mu`, of all voxels or of each; see `varying_strength`.
    """

    def __init__(
        self,
        transform: Starlet2D1D,
        weights: np.ndarray,
        strength: float | np.ndarray = 1.0,
    ) -> None:
        self.transform = transform
        self.weights = weights
        self.strength = np.atleast_3d(strength)
        scales = transform.space_scales, transform.energy_scales
        self.dual_shape = (*scales, *transform.input_shape)
        self._scratch: np.ndarray | None = None

    def value(self, cube: np.ndarray) -> float:
        """Return the norm for a cube (energy, y, x), summed in double precision."""
        fine = flat_images(self.split(cube))
        sums = np.zeros((len(fine), len(cube), self.transform.energy_scales))
        strength = self._strength(cube.dtype)
        arrays = fine, self.transform.spectra.tables, strength, sums
        in_slices(kernels.sum_magnitudes, len(cube), *arrays)
        return float(np.sum(self.weights * sums.sum(axis=1)))

    def split(self, cube: np.ndarray) -> np.ndarray:
        """Return the fine planes of the images of a cube, (space_scales, energy, y, x).

        They stand in an array of this object, which its other methods use too.
        """
        return self.transform.images.fine(cube, self._scratch_of(cube.dtype))

    def gather(self, dual: np.ndarray) -> np.ndarray:
        """Return the adjoint of `dual` along energy alone, shaped and kept as `split`.

        With `merge` it is ``W^T dual``.
        """
        planes = self._scratch_of(dual.dtype)
        arrays = flat_images(dual), self.transform.spectra.tables, flat_images(planes)
        in_slices(kernels.write_adjoint, dual.shape[2], *arrays)
        return planes

    def merge(self, planes: np.ndarray) -> np.ndarray:
        """Return the adjoint of `split`, (energy, y, x)."""
        return self.transform.images.merge_fine(planes)

    def adjoint(self, dual: np.ndarray) -> np.ndarray:
        """Return ``W^T dual``, (energy, y, x)."""
        return self.merge(self.gather(dual))

    def move_dual(
        self,
        dual: np.ndarray,
        planes: np.ndarray,
        step: np.ndarray,
        *,
        rate: float = 1.0,
        relaxation: float = 1.0,
    ) -> None:
        r"""Step to ``clip(dual + rate step W cube)``, all in place.

        Parameters
        ----------
        dual : array of shape `dual_shape`
            Multipliers, (space_scales, energy_scales, energy, y, x); within
            :math:`\pm \sigma_s \mu` after a full step.
        planes : (space_scales, energy, y, x) array
            From `split`; they become what `gather` says of the new multipliers.
        step : (space_scales, energy, y, x) array
            See `dual_step`; widened along energy to the wavelets of every scale.
        rate : float
        relaxation : float
            1 moves all the way.
        """
        dtype, tables = planes.dtype, self.transform.spectra.tables
        bounds = self.weights.astype(dtype), self._strength(dtype)
        fine, multipliers = flat_images(planes), flat_images(dual)
        n_energies = fine.shape[1]
        in_slices(
            kernels.move_dual,
            n_energies,
            *(fine, flat_images(step), tables, dtype.type(rate), *bounds),
            *(dtype.type(relaxation), multipliers),
        )
        for start, stop in between_slices(n_energies, kernels.lag(len(tables))):
            kernels.write_adjoint(multipliers, tables, fine, start, stop)

    def dual_step(self, steps: np.ndarray) -> np.ndarray:
        """Return one over the power mean of the voxels' steps under a wavelet.

        The longest step alone would let multipliers crawl beside a bright voxel; a
        mean of lower power than the fourth would let them diverge under it.

        Parameters
        ----------
        steps : (energy, y, x) array

        Returns
        -------
        (space_scales, energy, y, x) array
            Of a Gaussian about as wide as the wavelet along y and x, one energy wide;
            `move_dual` widens it to the wavelets of every scale along energy. Those
            wider along y and x have `WIDER_STEP` times as much.
        """
        means = np.empty((self.transform.space_scales, *steps.shape), steps.dtype)
        longest = steps.max()
        powers = steps / longest
        for _ in range(2):
            powers *= powers
        in_slices(_write_means, len(means), powers, means)
        means[1:] /= steps.dtype.type(WIDER_STEP)
        return np.reciprocal(np.multiply(means, longest, out=means), out=means)

    def _scratch_of(self, dtype: np.dtype) -> np.ndarray:
        # A fresh array of this size costs as much as the transform itself.
        if self._scratch is None or self._scratch.dtype != dtype:
            shape = self.transform.space_scales, *self.transform.input_shape
            self._scratch = np.empty(shape, dtype)
        return self._scratch

    def _strength(self, dtype: np.dtype) -> np.ndarray:
        return np.ascontiguousarray(flat_images(self.strength), dtype)


def _write_means(powers: np.ndarray, means: np.ndarray, start: int, stop: int) -> None:
    """Write the fourth roots of mean `powers` under wavelets of scales from `start`."""
    for scale in range(start, stop):
        widths = 1, 2**scale, 2**scale
        scipy.ndimage.gaussian_filter(powers, widths, output=means[scale], truncate=3)
        np.sqrt(np.sqrt(means[scale], out=means[scale]), out=means[scale])


def plane_noise(
    likelihoods: Mapping[str, PoissonLikelihood],
    reference: np.ndarray,
    transform: Starlet2D1D,
) -> np.ndarray:
    """Return the noise of the gradient in every fine-fine plane.

    One draw of `gradient_noise`, transformed, gives the noise of each plane by its
    median absolute deviation over all voxels.

    Parameters
    ----------
    likelihoods : mapping of str to PoissonLikelihood
    reference : (energy, y, x) array
        Positive sky at which the information is taken.
    transform : Starlet2D1D

    Returns
    -------
    (space_scales, energy_scales) array
    """
    # Always the same draw: the objective must not change from run to run.
    draw = next(gradient_noise(likelihoods, reference, np.random.default_rng(0)))
    planes = transform.images.apply(draw)[:-1]
    return np.array(
        [
            [median_absolute_deviation(p) for p in transform.spectra.apply(fine)[:-1]]
            for fine in planes
        ]
    )
