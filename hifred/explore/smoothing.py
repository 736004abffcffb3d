"""Smoothed images, and the contours of one on another."""

from collections.abc import Sequence

import contourpy
import numpy as np
from scipy.ndimage import gaussian_filter

FWHM = 2.0 * np.sqrt(2.0 * np.log(2.0))


def smoothed(image: np.ndarray, fwhm_pixels: float) -> np.ndarray:
    """Return an image blurred by a Gaussian; pixels without a value count for nothing.

    Parameters
    ----------
    image : (y, x) array
    fwhm_pixels : float
        Full width at half maximum; 0 changes nothing.
    """
    if fwhm_pixels <= 0:
        return image
    sigma = fwhm_pixels / FWHM
    known = np.isfinite(image)
    total = gaussian_filter(np.where(known, image, 0.0), sigma, mode="constant")
    weight = gaussian_filter(known.astype(float), sigma, mode="constant")
    return np.where(known, total / np.maximum(weight, 1e-12), np.nan)


def contours(
    image: np.ndarray, y: np.ndarray, x: np.ndarray, levels: Sequence[float]
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return the x and the y of the lines on which an image has one of some values.

    Parameters
    ----------
    image : (y, x) array
    y, x : (y,) and (x,) arrays, arcsec
        Pixel centres.
    levels : sequence of float
    """
    if min(image.shape) < 2:
        return [], []
    generator = contourpy.contour_generator(x, y, np.ma.masked_invalid(image))
    lines = [np.asarray(part) for level in levels for part in generator.lines(level)]
    return [line[:, 0] for line in lines], [line[:, 1] for line in lines]
