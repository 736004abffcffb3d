"""Compiled second differences ``D^T D`` of images, ended at their edges."""

from hifred.compiling import njit
from hifred.transforms.image_kernels import CONTRACT


@njit(nogil=True, cache=True)
def _add_difference(first, second, out):  # type: ignore[no-untyped-def]
    for k in range(out.size):
        out[k] += first[k] - second[k]


@njit(nogil=True, cache=True, fastmath=CONTRACT)
def _add_along_row(row, out):  # type: ignore[no-untyped-def]
    two, last = row.dtype.type(2), row.size - 1
    before, after, inner = row[:-2], row[2:], out[1:-1]
    for k in range(inner.size):
        inner[k] += two * row[k + 1] - (before[k] + after[k])
    if last > 0:
        out[0] += row[0] - row[1]
        out[last] += row[last] - row[last - 1]


@njit(nogil=True, cache=True)
def add_along_x(images, out):  # type: ignore[no-untyped-def]
    """Add ``D^T D`` along x of images (n, y, x) to `out`."""
    for n in range(len(images)):
        for i in range(images.shape[1]):
            _add_along_row(images[n, i], out[n, i])


@njit(nogil=True, cache=True)
def add_along_y(images, out):  # type: ignore[no-untyped-def]
    """Add ``D^T D`` along y of images (n, y, x) to `out`."""
    for n in range(len(images)):
        for i in range(1, images.shape[1]):
            _add_difference(images[n, i], images[n, i - 1], out[n, i])
            _add_difference(images[n, i - 1], images[n, i], out[n, i - 1])
