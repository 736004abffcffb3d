"""Matrices whose rows are zero outside a range that moves along with them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import final

import numpy as np
import scipy.sparse

from hifred.operators.matrix import Matrix
from hifred.threads import in_slices, one_blas_thread

HEIGHTS = (8, 16, 32, 64, 128)
# To read one row of what a block is applied to costs as much as this many
# multiply-adds per column.
READING_COST = 8
# So does, for each block of columns, a call of BLAS.
CALL_COST = 250
COLUMNS_AT_ONCE = 256


@final
@dataclass(frozen=True)
class Band:
    """Some rows of a matrix, and the columns outside which they are zero.

    Attributes
    ----------
    rows, columns : slice
    entries : (rows, columns) array
    """

    rows: slice
    columns: slice
    entries: np.ndarray


@final
class Banded(Matrix):
    """A matrix as bands of neighbouring rows, and its transpose as bands of its own.

    Parameters
    ----------
    bands, turned : sequences of Band
        Of the matrix and of its transpose; their rows follow each other from the
        first to the last.
    """

    def __init__(self, bands: Sequence[Band], turned: Sequence[Band]) -> None:
        self.bands = tuple(bands)
        self.turned = tuple(turned)
        self.shape = (self.bands[-1].rows.stop, self.turned[-1].rows.stop)
        self.cost = sum(_cost(band.rows, band.columns) for band in bands)

    def apply(self, x: np.ndarray) -> np.ndarray:
        return _product(self.bands, x)

    def adjoint(self, y: np.ndarray) -> np.ndarray:
        return _product(self.turned, y)

    def astype(self, dtype: np.typing.DTypeLike) -> "Banded":
        return self._changed(lambda entries: entries.astype(dtype))

    def squared(self) -> "Banded":
        return self._changed(np.square)

    def _changed(self, change: Callable[[np.ndarray], np.ndarray]) -> "Banded":
        both = (
            [replace(band, entries=change(band.entries)) for band in bands]
            for bands in (self.bands, self.turned)
        )
        return Banded(*both)


def _product(bands: Sequence[Band], x: np.ndarray) -> np.ndarray:
    kind = np.result_type(x, bands[0].entries)
    out = np.empty((bands[-1].rows.stop, x.shape[1]), kind)
    with one_blas_thread():
        in_slices(_multiply, x.shape[1], bands, x, out)
    return out


def _multiply(bands, x, out, start, stop):  # type: ignore[no-untyped-def]
    # Bands overlap: what the next one reads again is still in the cache.
    for left in range(start, stop, COLUMNS_AT_ONCE):
        some = slice(left, min(left + COLUMNS_AT_ONCE, stop))
        for band in bands:
            np.matmul(band.entries, x[band.columns, some], out=out[band.rows, some])


def narrowest_bands(entries: scipy.sparse.csr_array) -> Banded:
    """Return the matrix in bands of the height that costs least."""
    turned = scipy.sparse.csr_array(entries.T)
    return Banded(_cheapest(entries), _cheapest(turned))


def _cheapest(entries: scipy.sparse.csr_array) -> list[Band]:
    choices = [_ranges(entries, height) for height in HEIGHTS]
    ranges = min(choices, key=lambda choice: sum(_cost(*ends) for ends in choice))
    return [Band(r, c, entries[r, c].toarray()) for r, c in ranges]


def _ranges(entries: scipy.sparse.csr_array, height: int) -> list[tuple[slice, slice]]:
    """Return the rows of each band, and the columns that they reach."""
    n_rows, ends = entries.shape[0], entries.indptr
    ranges = []
    for first in range(0, n_rows, height):
        last = min(first + height, n_rows)
        used = entries.indices[ends[first] : ends[last]]
        columns = (
            slice(int(used.min()), int(used.max()) + 1) if used.size else slice(0, 0)
        )
        ranges.append((slice(first, last), columns))
    return ranges


def _cost(rows: slice, columns: slice) -> float:
    n_rows, n_columns = rows.stop - rows.start, columns.stop - columns.start
    return float((n_rows + READING_COST) * n_columns + CALL_COST)
