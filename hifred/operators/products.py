"""Matrix products spread over threads."""

import numpy as np

from hifred.transforms.threads import in_slices, one_blas_thread

# Smaller products are done before another thread has woken up.
SMALLEST_SHARED = 50_000_000


def multiply(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return ``a @ b``, for many arrays at once like `numpy.matmul`.

    Every thread multiplies a slice with a BLAS of one thread. The threads of BLAS
    itself go on spinning after a product, and take the cores from what comes next.

    Parameters
    ----------
    a : (..., m, k) array
    b : (k, n) or (..., k, n) array
    """
    *stack, n_rows, n_columns = np.broadcast_shapes(
        (*a.shape[:-2], a.shape[-2], b.shape[-1]),
        (*b.shape[:-2], a.shape[-2], b.shape[-1]),
    )
    out = np.empty((*stack, n_rows, n_columns), np.result_type(a, b))
    if out.size * a.shape[-1] < SMALLEST_SHARED:
        return np.matmul(a, b, out=out)
    with one_blas_thread():
        if stack:
            arrays = np.broadcast_to(a, (*stack, *a.shape[-2:])), np.broadcast_to(b, (*stack, *b.shape[-2:]))
            in_slices(_items, len(out), *arrays, out)
        elif n_rows >= n_columns:
            in_slices(_rows, n_rows, a, b, out)
        else:
            in_slices(_columns, n_columns, a, b, out)
    return out


def _items(a, b, out, start, stop):
    np.matmul(a[start:stop], b[start:stop], out=out[start:stop])


def _rows(a: np.ndarray, b: np.ndarray, out: np.ndarray, start: int, stop: int) -> None:
    np.matmul(a[start:stop], b, out=out[start:stop])


def _columns(a: np.ndarray, b: np.ndarray, out: np.ndarray, start: int, stop: int) -> None:
    np.matmul(a, b[:, start:stop], out=out[:, start:stop])
