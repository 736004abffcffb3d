"""Structural similarity of the channel images."""

from typing import Literal

import numpy as np

from hifred.errors import HifredError
from hifred.measures.checks import UndefinedMeasureError, comparable_cubes

# Settings of Wang et al. (2004).
SIGMA_PIXELS = 1.5
HALF_WINDOW = 5
LUMINANCE, CONTRAST = 0.01, 0.03


def acssim(
    estimate: np.ndarray,
    truth: np.ndarray,
    *,
    data_range: Literal["global", "channel"] = "global",
) -> float:
    """Return one minus the mean structural similarity of the channels.

    Parameters
    ----------
    estimate, truth : (energy, y, x) arrays
        At least 11 by 11 pixels.
    data_range : {"global", "channel"}
        Range of the truth that sets the constants, of the whole cube or of each
        channel; a channel that is constant is compared with range 1.

    Returns
    -------
    float
        0 is best.

    Notes
    -----
    Gaussian window of sigma 1.5 cut at 3.5 sigma, population covariance; the mean
    leaves out the 5 pixels along the edges, whose windows are cut.

    References
    ----------
    Wang et al. (2004), IEEE Trans. Image Processing 13, 600.
    """
    estimate, truth = comparable_cubes(estimate, truth)
    if min(truth.shape[1:]) <= 2 * HALF_WINDOW:
        raise UndefinedMeasureError(
            f"cubes must have at least {2 * HALF_WINDOW + 1} pixels along y and x for "
            f"the structural similarity; got {truth.shape[1:]}."
        )
    inner = slice(HALF_WINDOW, -HALF_WINDOW)
    return 1.0 - float(ssim_maps(estimate, truth, data_range)[:, inner, inner].mean())


def ssim_maps(
    estimate: np.ndarray, truth: np.ndarray, data_range: str = "global"
) -> np.ndarray:
    """Return the structural similarity around every voxel, (energy, y, x)."""
    extent = _ranges(truth, data_range)
    c1, c2 = (LUMINANCE * extent) ** 2, (CONTRAST * extent) ** 2
    along_y, along_x = (_window_matrix(n) for n in truth.shape[1:])

    def local_mean(cube: np.ndarray) -> np.ndarray:
        return np.asarray(along_y @ cube @ along_x.T)

    mean_e, mean_t = local_mean(estimate), local_mean(truth)
    variance_e = local_mean(estimate**2) - mean_e**2
    variance_t = local_mean(truth**2) - mean_t**2
    covariance = local_mean(estimate * truth) - mean_e * mean_t
    above = (2 * mean_e * mean_t + c1) * (2 * covariance + c2)
    below = (mean_e**2 + mean_t**2 + c1) * (variance_e + variance_t + c2)
    return np.asarray(above / below)


def _ranges(truth: np.ndarray, data_range: str) -> np.ndarray:
    if data_range not in ("global", "channel"):
        raise HifredError(f"data_range must be global or channel; got {data_range!r}.")
    extent = np.ptp(truth, axis=(1, 2), keepdims=True)
    if data_range == "global":
        extent = np.broadcast_to(np.ptp(truth), extent.shape)
    return np.where(extent > 0, extent, 1.0)


def _window_matrix(n: int) -> np.ndarray:
    """Return the (n, n) matrix of local means, borders mirrored with the edge."""
    offset = np.arange(-HALF_WINDOW, HALF_WINDOW + 1)
    weights = np.exp(-0.5 * (offset / SIGMA_PIXELS) ** 2)
    sources = np.arange(n)[:, None] + offset
    sources = np.where(sources < 0, -1 - sources, sources)
    sources = np.where(sources >= n, 2 * n - 1 - sources, sources)
    matrix = np.zeros((n, n))
    rows = np.broadcast_to(np.arange(n)[:, None], sources.shape)
    np.add.at(matrix, (rows, sources), weights / weights.sum())
    return matrix
