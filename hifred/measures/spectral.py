"""Angles between spectra: how much their shapes differ, whatever their brightness."""

import numpy as np

from hifred.measures.checks import (
    UndefinedMeasureError,
    checked_cube,
    comparable_cubes,
    used_pixels,
)

NEIGHBOURS = ((0, 1), (1, -1), (1, 0), (1, 1))


def spectral_angle(
    estimate: np.ndarray, truth: np.ndarray, *, mask: np.ndarray | None = None
) -> np.ndarray:
    """Return the angle between the two spectra of every pixel (SAM).

    Parameters
    ----------
    estimate, truth : (energy, y, x) arrays
    mask : (y, x) bool array, optional
        Pixels that count; the others are NaN.

    Returns
    -------
    (y, x) array, rad
        NaN where either spectrum is zero; lower is better.
    """
    estimate, truth = comparable_cubes(estimate, truth)
    used = used_pixels(mask, truth.shape)
    return np.where(used, _angle(_unit(estimate), _unit(truth)), np.nan)


def mean_spectral_angle(
    estimate: np.ndarray, truth: np.ndarray, *, mask: np.ndarray | None = None
) -> float:
    """Return the mean of `spectral_angle` over its pixels (aSAM), rad.

    Raises
    ------
    UndefinedMeasureError
        If no pixel has two spectra to compare.
    """
    angles = spectral_angle(estimate, truth, mask=mask)
    if np.isnan(angles).all():
        raise UndefinedMeasureError(
            "some pixel must have two spectra that are not zero; none has."
        )
    return float(np.nanmean(angles))


def bright_pixels(cube: np.ndarray, share: float = 0.95) -> np.ndarray:
    """Return the brightest pixels that hold this share of the flux together.

    Parameters
    ----------
    cube : (energy, y, x) array
    share : float
        Between 0 and 1.

    Returns
    -------
    (y, x) bool array
    """
    image = checked_cube(cube, "cube").sum(axis=0)
    order = np.argsort(-image.ravel(), kind="stable")
    held = np.cumsum(image.ravel()[order])
    bright = np.zeros(image.size, bool)
    bright[order] = held - image.ravel()[order] < share * held[-1]
    return bright.reshape(image.shape)


def angular_distance(cube: np.ndarray) -> np.ndarray:
    """Return the mean angle of every spectrum to those of its up to 8 neighbours.

    Equation 22 of the paper: how much the shape of the spectra varies.

    Parameters
    ----------
    cube : (energy, y, x) array

    Returns
    -------
    (y, x) array, rad
        Zero spectra are not counted among the neighbours, and have NaN.
    """
    unit = _unit(checked_cube(cube, "cube"))
    n_rows, n_columns = unit.shape[1:]
    total = np.zeros((n_rows, n_columns))
    n_known = np.zeros((n_rows, n_columns))
    for dy, dx in NEIGHBOURS:
        here = (slice(0, n_rows - dy), slice(max(0, -dx), n_columns - max(0, dx)))
        there = (slice(dy, n_rows), slice(max(0, dx), n_columns + min(0, dx)))
        angle = _angle(unit[:, *here], unit[:, *there])
        for place in (here, there):
            total[place] += np.nan_to_num(angle)
            n_known[place] += np.isfinite(angle)
    known = (n_known > 0) & np.isfinite(unit[0])
    return np.where(known, total / np.maximum(n_known, 1), np.nan)


def _unit(cube: np.ndarray) -> np.ndarray:
    norm = np.sqrt(np.sum(cube**2, axis=0))
    return np.asarray(cube / np.where(norm > 0, norm, np.nan))


def _angle(unit: np.ndarray, other: np.ndarray) -> np.ndarray:
    # Exact for small angles, where the arc cosine of 1 - 1e-16 is 1e-8.
    difference = np.sqrt(np.sum((unit - other) ** 2, axis=0))
    total = np.sqrt(np.sum((unit + other) ** 2, axis=0))
    return np.asarray(2.0 * np.arctan2(difference, total))
