"""Matrix products spread over threads."""

import numpy as np

from hifred.threads import in_slices, one_blas_thread

# Of multiply-adds: smaller products are done before another thread has woken up.
SMALLEST_SHARED = 20_000_000


def multiply(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return ``a @ b``, for a stack of matrices like `numpy.matmul`.

    Every thread multiplies a slice with a BLAS of one thread. The threads of BLAS
    itself go on spinning after a product, and take the cores from what comes next.

    Parameters
    ----------
    a : (m, k) array
    b : (k, n) or (items, k, n) array

    Returns
    -------
    (m, n) or (items, m, n) array
    """
    *items, _, n_columns = b.shape
    out = np.empty((*items, len(a), n_columns), np.result_type(a, b))
    if out.size * a.shape[1] < SMALLEST_SHARED:
        return np.matmul(a, b, out=out)
    with one_blas_thread():
        if items:
            in_slices(_items, len(out), a, b, out)
        elif len(a) >= n_columns:
            in_slices(_rows, len(a), a, b, out)
        else:
            in_slices(_columns, n_columns, a, b, out)
    return out


def _items(a: np.ndarray, b: np.ndarray, out: np.ndarray, *ends: int) -> None:
    some = slice(*ends)
    np.matmul(a, b[some], out=out[some])


def _rows(a: np.ndarray, b: np.ndarray, out: np.ndarray, *ends: int) -> None:
    some = slice(*ends)
    np.matmul(a[some], b, out=out[some])


def _columns(a: np.ndarray, b: np.ndarray, out: np.ndarray, *ends: int) -> None:
    some = slice(*ends)
    np.matmul(a, b[:, some], out=out[:, some])
