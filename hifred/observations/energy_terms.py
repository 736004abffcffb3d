"""What changes with energy, as a short sum of spectral weights times images."""

import logging

import numpy as np

logger = logging.getLogger(__name__)

# Pairs of matrices that one kind of energy dependence may add to a response.
MOST_TERMS = 4
# Terms weaker than this fraction of the strongest are left out.
WEAKEST_TERM = 1e-6
# Missing more than this fraction (rms) is worth a warning.
NOTICEABLE_ERROR = 1e-2
N_PROBES = 12


def interpolation_weights(nodes: np.ndarray, energy: np.ndarray) -> np.ndarray:
    """Return linear interpolation between nodes as a matrix, (energy, node).

    Below the first and above the last node the value there is kept.
    """
    return np.stack([np.interp(energy, nodes, row) for row in np.eye(nodes.size)], 1)


def separated(
    weights: np.ndarray | None, images: np.ndarray
) -> list[tuple[np.ndarray, np.ndarray]]:
    r"""Return at most four pairs (spectral weights, image) whose products sum up.

    .. math:: f_e(p) = \sum_n w_{en} \, m_n(p) \approx \sum_q u_{eq} \, v_q(p)

    Parameters
    ----------
    weights : (energy, node) array, or None
        None where there is one image per energy.
    images : (node, y, x) array

    Returns
    -------
    list of ((energy,) array, (y, x) array)
        The nodes themselves where there are at most four, else the leading singular
        vectors.
    """
    n_nodes = images.shape[0]
    if weights is not None and n_nodes <= MOST_TERMS:
        return [(weights[:, i], images[i]) for i in range(n_nodes)]
    left, right = _leading_terms(images.reshape(n_nodes, -1))
    spectra = left if weights is None else weights @ left
    shape = images.shape[1:]
    return [(spectra[:, q], right[q].reshape(shape)) for q in range(right.shape[0])]


def _leading_terms(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return factors (n, q) and (q, m) of the best approximation with few terms."""
    probes = np.random.default_rng(0).standard_normal((rows.shape[1], N_PROBES))
    # One power step: vignetting changes slowly, so few probes find all of it.
    basis = np.linalg.qr(rows @ (rows.T @ (rows @ probes)))[0]
    inner, values, right = np.linalg.svd(basis.T @ rows, full_matrices=False)
    kept = values[:MOST_TERMS] > WEAKEST_TERM * values[0]
    n_kept = int(kept.sum())
    left = (basis @ inner)[:, :n_kept] * values[:n_kept]
    missed = np.linalg.norm(rows - left @ right[:n_kept]) / np.linalg.norm(rows)
    if missed > NOTICEABLE_ERROR:
        logger.warning(
            "%d terms leave %.1f %% (rms) of an energy-dependent PSF or vignetting "
            "unexplained; give it at fewer energies.",
            n_kept,
            100 * missed,
        )
    return left, right[:n_kept]
