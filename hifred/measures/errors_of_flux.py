"""Errors of the flux: normalised mean squared error, ERGAS, relative error."""

from typing import Literal

import numpy as np

from hifred.errors import HifredError
from hifred.measures.checks import (
    UndefinedMeasureError,
    comparable_cubes,
    used_voxels,
)


def nmse_db(
    estimate: np.ndarray,
    truth: np.ndarray,
    *,
    mask: np.ndarray | None = None,
    reference: Literal["estimate", "truth"] = "estimate",
) -> float:
    r"""Return the power of the cube over that of its error, in decibel.

    .. math:: 10 \log_{10} \frac{\sum E^2}{\sum (E - T)^2}

    Parameters
    ----------
    estimate, truth : (energy, y, x) arrays
    mask : (y, x) or (energy, y, x) bool array, optional
        Voxels that count.
    reference : {"estimate", "truth"}
        Whose power stands above; the paper takes the estimate's.

    Returns
    -------
    float
        Higher is better; infinite if they are equal, minus infinite if the
        reference is 0 everywhere.
    """
    estimate, truth = comparable_cubes(estimate, truth)
    used = used_voxels(mask, truth.shape)
    error = float(np.sum((estimate - truth) ** 2, where=used))
    power = float(
        np.sum((estimate if reference == "estimate" else truth) ** 2, where=used)
    )
    if error == 0:
        return np.inf
    return 10.0 * float(np.log10(power / error)) if power > 0 else -np.inf


def ergas(
    estimate: np.ndarray,
    truth: np.ndarray,
    *,
    resolution_ratio: float = 1.0,
    mask: np.ndarray | None = None,
    convention: Literal["standard", "paper"] = "standard",
) -> float:
    r"""Return the relative error of all channels in synthesis (ERGAS).

    .. math:: 100\, d\, \sqrt{\mathrm{mean}_k (\mathrm{rmse}_k / \mathrm{mean}_k)^2}

    Parameters
    ----------
    estimate, truth : (energy, y, x) arrays
    resolution_ratio : float
        ``d``, the side of a fine pixel over that of a coarse one.
    mask : (y, x) or (energy, y, x) bool array, optional
        Voxels that count; channels with none are left out.
    convention : {"standard", "paper"}
        "standard" divides by the truth's mean; the paper by the estimate's, with
        ``100 d = 1``.

    Returns
    -------
    float
        Lower is better.

    Raises
    ------
    UndefinedMeasureError
        If the mean of a channel that is divided by is 0.

    References
    ----------
    Wald (2000), ERGAS.
    """
    estimate, truth = comparable_cubes(estimate, truth)
    used = used_voxels(mask, truth.shape)
    squared = _channel_means((estimate - truth) ** 2, used)
    paper = convention == "paper"
    mean = _channel_means(estimate if paper else truth, used)
    if np.any(mean == 0):
        raise UndefinedMeasureError(
            f"the {'estimate' if paper else 'truth'} must have flux in every channel "
            f"for ERGAS; got {int(np.sum(mean == 0))} empty ones. Mask them."
        )
    factor = 1.0 if paper else 100.0 * resolution_ratio
    return factor * float(np.sqrt(np.mean(squared / mean**2)))


def _channel_means(cube: np.ndarray, used: np.ndarray) -> np.ndarray:
    """Return the mean over the used pixels of each channel that has some."""
    n_used = used.sum(axis=(1, 2))
    sums = np.sum(cube, axis=(1, 2), where=used)
    return np.asarray(sums[n_used > 0] / n_used[n_used > 0])


def relative_error(estimate: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return ``100 (T - E) / E`` in percent, NaN where the estimate is 0.

    Parameters
    ----------
    estimate, truth : arrays of one shape
        Cubes, images or spectra.
    """
    estimate, truth = np.asarray(estimate, float), np.asarray(truth, float)
    if estimate.shape != truth.shape:
        raise HifredError(
            f"estimate and truth must have one shape; got {estimate.shape} and "
            f"{truth.shape}. Compare them on the same sky."
        )
    known = np.where(estimate == 0, np.nan, estimate)
    return np.asarray(100.0 * (truth - estimate) / known)
