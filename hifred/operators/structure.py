"""The form of a matrix that is cheapest to apply."""

import numpy as np
import scipy.linalg
import scipy.sparse

from hifred.operators.banded import narrowest_bands
from hifred.operators.matrix import (
    SPARSE_COST,
    Dense,
    Diagonal,
    Factored,
    Identity,
    Matrix,
    Sparse,
    Weighted,
)

# Below this size a factorisation costs more than it saves.
SMALLEST_FACTORED = 512
# Their rank is looked for among so many first, then among twice as many, and so on.
FIRST_WIDTH = 64
# Bands are worth their several products below this share of the dense one.
WORTH_BANDS = 0.7


def weighted(matrix: Matrix, weights: np.ndarray) -> Matrix:
    """Return ``M diag(weights)`` in the form that is cheapest to apply."""
    if np.all(weights == 1):
        return matrix
    if isinstance(matrix, Identity):
        return Diagonal(weights)
    if isinstance(matrix, Sparse):
        return Sparse(matrix.entries * weights)
    if isinstance(matrix, Dense):
        return Dense(matrix.entries * weights)
    return Weighted(matrix, weights)


def structure(
    entries: np.ndarray | scipy.sparse.sparray, tolerance: float = 1e-12
) -> Matrix:
    """Return the cheapest form of a matrix.

    That is: identity, diagonal, sparse, banded, thin or dense.

    Parameters
    ----------
    entries : (rows, columns) array, dense or sparse
    tolerance : float
        Relative error (spectral norm) allowed when large matrices are replaced by
        thin factors; 1e-12 keeps double precision.
    """
    sparse = scipy.sparse.csr_array(entries)
    sparse.eliminate_zeros()
    rows, columns = sparse.shape
    if rows == columns and _is_diagonal(sparse):
        diagonal = sparse.diagonal()
        return Identity(rows) if np.all(diagonal == 1) else Diagonal(diagonal)
    banded = narrowest_bands(sparse)
    if SPARSE_COST * sparse.nnz < min(banded.cost, rows * columns):
        return Sparse(sparse)
    dense = sparse.toarray()
    full = banded if banded.cost < WORTH_BANDS * rows * columns else Dense(dense)
    thin = _thin(dense, tolerance)
    return thin if thin is not None and thin.cost < full.cost else full


def _is_diagonal(entries: scipy.sparse.csr_array) -> bool:
    places = entries.tocoo()
    return bool(np.array_equal(places.row, places.col))


def _thin(dense: np.ndarray, tolerance: float) -> Factored | None:
    """Return thin factors of `dense`, or None where they would not pay."""
    rows, columns = dense.shape
    largest_rank = rows * columns // (2 * (rows + columns))
    if min(rows, columns) < SMALLEST_FACTORED:
        return None
    rng, scale = np.random.default_rng(0), np.linalg.norm(dense)
    width = min(FIRST_WIDTH, largest_rank)
    while True:
        probe = rng.standard_normal((columns, width))
        range_basis = scipy.linalg.qr(dense @ probe, mode="economic")[0]
        within = range_basis.T @ dense
        missed = np.linalg.norm(dense - range_basis @ within)
        if missed <= tolerance * scale / np.sqrt(width):  # at most the largest value
            break
        if width == largest_rank:
            return None
        width = min(2 * width, largest_rank)
    left, values, right = scipy.linalg.svd(within, full_matrices=False)
    rank = max(1, int(np.sum(values > tolerance * values[0])))
    return Factored(range_basis @ left[:, :rank] * values[:rank], right[:rank])
