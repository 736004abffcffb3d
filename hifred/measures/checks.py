"""What cubes must satisfy before they are compared."""

import numpy as np

from hifred.errors import HifredError


class UndefinedMeasureError(HifredError):
    """These cubes, sound as they are, have no such measure."""


def comparable_cubes(
    estimate: np.ndarray, truth: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return two cubes in double precision, after checking that they compare.

    Parameters
    ----------
    estimate, truth : (energy, y, x) arrays

    Raises
    ------
    HifredError
        If they are not cubes of one shape, are empty, or hold NaN or infinity.
    """
    estimate, truth = checked_cube(estimate, "estimate"), checked_cube(truth, "truth")
    if estimate.shape != truth.shape:
        raise HifredError(
            f"estimate and truth must have one shape; got {estimate.shape} and "
            f"{truth.shape}. Compare them on the same sky."
        )
    return estimate, truth


def checked_cube(cube: np.ndarray, name: str) -> np.ndarray:
    """Return a cube in double precision, after checking that it is one."""
    cube = np.asarray(cube)
    if cube.ndim != 3 or 0 in cube.shape:
        raise HifredError(
            f"{name} must be a cube (energy, y, x), not empty; got shape {cube.shape}."
        )
    if not np.isfinite(cube).all():
        n_bad = int(np.count_nonzero(~np.isfinite(cube)))
        raise HifredError(
            f"{name} must be finite; got {n_bad} voxels that are not. Mask them by "
            "giving both cubes 0 there."
        )
    return cube.astype(float, copy=False)


def used_voxels(mask: np.ndarray | None, shape: tuple[int, ...]) -> np.ndarray:
    """Return which voxels count, for no mask, one image or a whole cube.

    Raises
    ------
    HifredError
        If the mask has another shape, is not boolean or leaves nothing.
    """
    if mask is None:
        return np.broadcast_to(True, shape)
    mask = np.asarray(mask)
    if mask.dtype != bool or mask.shape not in (shape, shape[1:]):
        raise HifredError(
            f"mask must be bool, true where a voxel is used, of shape {shape[1:]} or "
            f"{shape}; got {mask.dtype} of shape {mask.shape}."
        )
    if not mask.any():
        raise HifredError("mask must leave some voxels; got none.")
    return np.broadcast_to(mask, shape)


def used_pixels(mask: np.ndarray | None, shape: tuple[int, ...]) -> np.ndarray:
    """Return which pixels count, for measures that compare whole spectra."""
    used = used_voxels(mask, shape)
    if not np.array_equal(used.any(axis=0), used.all(axis=0)):
        raise HifredError(
            "mask must be an image (y, x) for a measure of whole spectra; got one that "
            "changes with energy."
        )
    return np.asarray(used[0])
