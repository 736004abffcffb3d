"""The paper's thresholding steps of starlet coefficients.

Only coefficients that are fine in every transformed direction are penalised: all
fine planes of a coefficient image, the fine-fine planes of a cube.
"""

from dataclasses import dataclass, field
from typing import Protocol, final

import numpy as np

from hifred.errors import SettingsError
from hifred.functionals.varying_strength import varying_strength
from hifred.transforms.median import GAUSSIAN_MAD, median_absolute_deviation
from hifred.transforms.starlet import Starlet2D, Starlet2D1D


class Threshold(Protocol):
    """A heuristic proximal step: the new estimate, and its penalty."""

    def step(self, x: np.ndarray) -> tuple[np.ndarray, float]:
        """Return the thresholded estimate and the penalty."""
        ...


def check_strength(strength: float) -> None:
    """Raise `SettingsError` unless `strength` is finite and not negative."""
    if not (np.isfinite(strength) and strength >= 0):
        raise SettingsError(
            f"mu must be finite and not negative; got {strength}. "
            "Wavelet strengths of 0.5 to 3 are usual."
        )


@final
@dataclass(frozen=True)
class ImageThreshold:
    """The paper's thresholding step for coefficient images.

    All fine planes of all images are soft-thresholded together at ``mu`` times the
    noise of the finest ones, and the planes are summed.

    Parameters
    ----------
    transform : Starlet2D
    strength : float
        ``mu``, in units of the noise.
    gaussian_mad : float
        Median deviation of a unit normal; the published code divides by 0.6735.

    Notes
    -----
    A heuristic: the frame is redundant, so this is not the proximal step of the
    coefficients' l1 norm, and the threshold does not scale with the step size.
    """

    transform: Starlet2D
    strength: float
    gaussian_mad: float = field(default=GAUSSIAN_MAD, kw_only=True)

    def __post_init__(self) -> None:
        check_strength(self.strength)

    def step(self, images: np.ndarray) -> tuple[np.ndarray, float]:
        """Return the thresholded images (component, y, x) and their penalty."""
        fine = self.transform.apply(images)[:-1]
        noise = median_absolute_deviation(fine[0], self.gaussian_mad)
        clipped = np.clip(fine, -self.strength * noise, self.strength * noise)
        kept = float(np.abs(fine - clipped).sum(dtype=np.float64))
        return images - clipped.sum(axis=0), self.strength * kept


def _fine_and_noise(
    transform: Starlet2D1D, cube: np.ndarray, gaussian_mad: float
) -> tuple[np.ndarray, float]:
    """Return the fine planes of a cube's images, and the noise of the finest ones."""
    fine = transform.images.fine(cube)
    plane = transform.first_fine_plane(fine)
    return fine, median_absolute_deviation(plane, gaussian_mad)


@final
@dataclass(frozen=True)
class CubeThreshold:
    """The paper's thresholding step for cubes, with one strength.

    The fine-fine coefficients of the 2D-1D transform are soft-thresholded at ``mu``
    times the noise of the finest ones, and all planes are summed.

    Parameters
    ----------
    transform : Starlet2D1D
    strength : float
        ``mu``, in units of the noise.
    gaussian_mad : float
        Median deviation of a unit normal; the published code divides by 0.6735.

    Notes
    -----
    A heuristic, as `ImageThreshold`.
    """

    transform: Starlet2D1D
    strength: float
    gaussian_mad: float = field(default=GAUSSIAN_MAD, kw_only=True)

    def __post_init__(self) -> None:
        check_strength(self.strength)

    def step(self, cube: np.ndarray) -> tuple[np.ndarray, float]:
        """Return the thresholded cube (energy, y, x) and its penalty."""
        fine, noise = _fine_and_noise(self.transform, cube, self.gaussian_mad)
        threshold = self.strength * noise
        cube, magnitude = self.transform.subtract_clipped(cube, fine, threshold)
        return cube, self.strength * magnitude


@final
@dataclass(frozen=True)
class VaryingCubeThreshold:
    """The paper's thresholding step for cubes, with the varying strength of Eq. 21.

    Parameters
    ----------
    transform : Starlet2D1D
    gaussian_mad : float
        Median deviation of a unit normal; the published code divides by 0.6735.

    Notes
    -----
    The strength follows the coarse-coarse plane of the cube at every step. The
    penalty that is reported is in units of the noise.
    """

    transform: Starlet2D1D
    gaussian_mad: float = field(default=GAUSSIAN_MAD, kw_only=True)

    def step(self, cube: np.ndarray) -> tuple[np.ndarray, float]:
        """Return the thresholded cube (energy, y, x) and its penalty."""
        fine, noise = _fine_and_noise(self.transform, cube, self.gaussian_mad)
        strength = varying_strength(self.transform.coarse_spectra(cube, fine))
        threshold = strength * strength.dtype.type(noise)
        cube, magnitude = self.transform.subtract_clipped(cube, fine, threshold)
        return cube, float(strength.mean()) * magnitude
