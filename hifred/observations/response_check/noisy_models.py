r"""Least squares whose model is made of counts, too, and so carries their noise.

Where the model is flat, its derivatives are nothing but noise, and plain least squares
would follow them. What the noise adds on average to the normal matrix of the columns C,
N, and to the gradient, n, is taken away again:

.. math:: (C^T W C - N)\, \delta = C^T W (d - m) + n

References
----------
Fuller (1987), Measurement Error Models, section 2.2.
"""

import numpy as np

# Draws of noise alone, to know what noise does; more of them change nothing.
N_PROBES = 8
# Standard deviations by which information must exceed what chance makes of noise, and
# how much of a figure must be known to be told.
CHANCE = 4.0
LEAST_KNOWN = 0.9


def noise_probes(variance: np.ndarray) -> list[np.ndarray]:
    """Return draws of noise of a variance, of its shape; the same at every call."""
    signs = np.random.default_rng(0).choice([-1.0, 1.0], (N_PROBES, *variance.shape))
    return [np.sqrt(variance) * sign for sign in signs]


def corrected_inverse(
    normal: np.ndarray, noise: np.ndarray, n_values: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the inverse of a normal matrix without noise, and which figures it knows.

    Directions in which there is no more than chance makes of noise are left out of it.

    Parameters
    ----------
    normal, noise : (figure, figure) arrays
        As it is, and what noise alone adds to it.
    n_values : int
        Values that were fitted: by them the noise's part scatters.

    Returns
    -------
    (figure, figure) array
    (figure,) bool array
    """
    scale = np.sqrt(np.maximum(np.diag(normal), 1e-300))
    whole = np.outer(scale, scale)
    values, vectors = np.linalg.eigh((normal - noise) / whole)
    of_noise = np.einsum("ij,ik,kj->j", vectors, noise / whole, vectors)
    chance = CHANCE * np.sqrt(2 / max(n_values, 1)) * np.maximum(of_noise, 0.0)
    told = values > chance + 1e-12
    weights = np.where(told, 1 / np.where(told, values, 1.0), 0.0)
    inverse = (vectors * weights) @ vectors.T / whole
    return inverse, np.sum(vectors[:, told] ** 2, axis=1) > LEAST_KNOWN
