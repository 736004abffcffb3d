"""Analytic point-spread functions, line spreads and effective areas."""

from collections.abc import Callable
from typing import Literal

import numpy as np
from pydantic import Field

from hifred.settings import Number, Text, Whole, settings

# A Gaussian of unit sigma holds half its photons within this radius, in two
# dimensions, and within this distance, in one.
HALF_POWER_RADIUS = 1.17741
HALF_POWER_DISTANCE = 0.67449

KernelShape = Literal["gaussian", "realistic", "none"]


@settings
class InstrumentSettings:
    """One instrument of a simulation."""

    name: Text = Field(description="Key of the observation.")
    counts: Number = Field(
        gt=0.0,
        description="Expected number of photons in the cube; the exposure time "
        "follows from it.",
    )
    pixel_rebinning: Whole = Field(
        default=1,
        ge=1,
        description="Sky pixels and energy bins in one pixel and one channel; None "
        "takes the divisor that keeps `channel_width_ev` best.",
    )
    channel_rebinning: Whole | None = Field(
        default=None,
        ge=1,
        description="Sky pixels and energy bins in one pixel and one channel; None "
        "takes the divisor that keeps `channel_width_ev` best.",
    )
    channel_width_ev: Number = Field(
        default=0.36,
        gt=0.0,
        description="Width of a channel, where `channel_rebinning` is None.",
    )
    psf_width_arcsec: Number = Field(
        default=10.0,
        ge=0.0,
        description="Standard deviation of a Gaussian; of a realistic kernel, that "
        "of the Gaussian with the same half-power radius (or distance).",
    )
    psf_shape: KernelShape = Field(
        default="gaussian",
        description="Realistic: a King profile with wings, elongated by 4 %; a "
        "Gaussian with an exponential tail to lower energies.",
    )
    line_spread_width_ev: Number = Field(
        default=21.0,
        ge=0.0,
        description="Standard deviation of a Gaussian; of a realistic kernel, that "
        "of the Gaussian with the same half-power radius (or distance).",
    )
    line_spread_shape: KernelShape = Field(
        default="gaussian",
        description="Realistic: a King profile with wings, elongated by 4 %; a "
        "Gaussian with an exponential tail to lower energies.",
    )
    area_shape: Literal["constant", "realistic"] = Field(
        default="constant",
        description="Realistic: rising with energy, with the edge of oxygen.",
    )
    area_cm2: Number = Field(
        default=300.0, gt=0.0, description="Effective area, at 1 keV if it varies."
    )
    background_counts: Number = Field(
        default=0.0,
        ge=0.0,
        description="Expected background in the cube, spread evenly; part of the "
        "model.",
    )


def psf_kernel(shape: KernelShape, width: float, pixel_size: float) -> np.ndarray:
    """Return a point-spread function on sky pixels.

    Parameters
    ----------
    shape : {"gaussian", "realistic", "none"}
    width, pixel_size : float, arcsec

    Returns
    -------
    (psf_y, psf_x) array of odd sides, unit sum.
    """
    if shape == "none" or width == 0:
        return np.ones((1, 1))
    sigma = width / pixel_size
    if shape == "gaussian":
        profile = _gaussian(sigma)
        return np.outer(profile, profile)
    return _king(sigma)


def line_spread_kernel(shape: KernelShape, width: float, step: float) -> np.ndarray:
    """Return a spectral response on energy bins.

    Parameters
    ----------
    shape : {"gaussian", "realistic", "none"}
    width, step : float, eV

    Returns
    -------
    (energy_offset,) array of odd length, unit sum.
    """
    if shape == "none" or width == 0:
        return np.ones(1)
    if shape == "gaussian":
        return _gaussian(width / step)
    return _tailed(width / step)


def effective_area(shape: str, area_at_1kev: float, energy: np.ndarray) -> np.ndarray:
    """Return the effective area at each energy (keV), cm2."""
    if shape == "constant":
        return np.full(len(energy), area_at_1kev)
    return np.asarray(area_at_1kev * _area_curve(energy) / _area_curve(np.ones(1)))


def _gaussian(sigma: float) -> np.ndarray:
    # Sampled, not integrated over the bins, so that the width is that asked for.
    half = max(1, int(np.ceil(4.5 * sigma)))
    offset = np.arange(-half, half + 1)
    kernel = np.exp(-0.5 * (offset / sigma) ** 2)
    return np.asarray(kernel / kernel.sum())


def half_power_width(kernel: np.ndarray, step: float = 1.0) -> float:
    """Return the sigma of the Gaussian with the half-power radius of `kernel`.

    Parameters
    ----------
    kernel : (n,) or (n, n) array
        Line spread or point-spread function of odd sides.
    step : float
        Size of a bin or pixel, in the unit of the answer.

    Notes
    -----
    In one dimension the half-power distance is half the distance of the quartiles. In
    two dimensions the pixels are points: take a kernel that is well sampled.
    """
    if kernel.ndim == 1:
        shares = np.cumsum(kernel) / kernel.sum()
        quartiles = np.interp((0.25, 0.75), shares, np.arange(len(kernel)))
        return float(0.5 * (quartiles[1] - quartiles[0]) * step / HALF_POWER_DISTANCE)
    radius = np.hypot(*(np.indices(kernel.shape) - (len(kernel) - 1) / 2)).ravel()
    order = np.argsort(radius, kind="stable")
    shares = np.cumsum(kernel.ravel()[order]) / kernel.sum()
    return float(np.interp(0.5, shares, radius[order]) * step / HALF_POWER_RADIUS)


def _king(sigma: float) -> np.ndarray:
    """Return a slightly elongated King profile, integrated over the pixels."""
    half = max(1, int(np.ceil(5.0 * sigma)))
    fine = 9
    side = 2 * half + 1
    axis = (np.arange(side * fine) + 0.5) / fine - half - 0.5
    radius_squared = (axis[:, None] * 1.02) ** 2 + (axis[None, :] / 1.02) ** 2

    def profile(scale: float) -> np.ndarray:
        return np.asarray((1.0 + radius_squared / (scale * sigma) ** 2) ** -2.0)

    scale = _scale_for(sigma, lambda s: half_power_width(profile(s), 1.0 / fine))
    kernel = profile(scale).reshape(side, fine, side, fine).sum(axis=(1, 3))
    return np.asarray(kernel / kernel.sum())


def _tailed(sigma: float) -> np.ndarray:
    """Return a Gaussian with 15 % of the photons in a tail to lower energies."""
    half = max(1, int(np.ceil(8.0 * sigma)))
    offset = np.arange(-half, half + 1)

    def profile(scale: float) -> np.ndarray:
        core = np.exp(-0.5 * (offset / (scale * sigma)) ** 2)
        decay = np.exp(np.minimum(offset, 0) / (1.5 * scale * sigma))
        tail = np.where(offset <= 0, decay, 0.0)
        smooth = np.convolve(tail, core / core.sum(), mode="same")
        return np.asarray(0.85 * core / core.sum() + 0.15 * smooth / smooth.sum())

    kernel = profile(_scale_for(sigma, lambda s: half_power_width(profile(s))))
    return np.asarray(kernel / kernel.sum())


def _scale_for(width: float, width_of: Callable[[float], float]) -> float:
    """Return the scale at which a kernel, cut off as it is, has the wanted width."""
    scale = 1.0
    for _ in range(6):
        scale *= width / width_of(scale)
    return scale


def _area_curve(energy: np.ndarray) -> np.ndarray:
    mirror = 1.0 / (1.0 + np.exp(-(energy - 0.9) / 0.28))
    oxygen = np.where(energy > 0.543, np.exp(-0.6 * (0.543 / energy) ** 3), 1.0)
    return np.asarray((0.25 + mirror) * oxygen * np.exp(-((energy / 7.0) ** 2)))
