"""Random fields in three dimensions that do not depend on the grid."""

import numpy as np


def random_field(
    points: np.ndarray,
    rng: np.random.Generator,
    *,
    largest_scale: float,
    smallest_scale: float,
    n_modes: int = 64,
) -> np.ndarray:
    """Return a smooth field of zero mean and about unit variance.

    Parameters
    ----------
    points : (3, n) array
        Coordinates, in the unit of the scales.
    rng : numpy.random.Generator
    largest_scale, smallest_scale : float
        Range of the wavelengths, which are drawn evenly in their logarithm.
    n_modes : int
        Number of plane waves that are added.

    Returns
    -------
    (n,) array, dimensionless.

    Notes
    -----
    A sum of plane waves is the same function of space for every pixel size, so that a
    small scene is a coarse view of the large one.
    """
    direction = rng.standard_normal((n_modes, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    octaves = rng.uniform(np.log(smallest_scale), np.log(largest_scale), n_modes)
    waves = 2.0 * np.pi * direction / np.exp(octaves)[:, None]
    phase = rng.uniform(0.0, 2.0 * np.pi, n_modes)
    # Single precision halves the time of the cosines, which is that of a whole scene.
    places = points.astype(np.float32)
    field = np.zeros(points.shape[1])
    for wave, offset in zip(waves.astype(np.float32), phase, strict=True):
        field += np.cos(wave @ places + np.float32(offset))
    return np.asarray(field * np.sqrt(2.0 / n_modes))
