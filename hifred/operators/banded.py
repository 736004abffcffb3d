"""Matrices whose rows are zero outside a range that moves along with them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import final

import numpy as np
import scipy.sparse

from hifred.operators.matrix import Matrix
from hifred.threads import in_slices, one_blas_thread

HEIGHTS = (16, 32, 64, 128)
# To read one row of what a block is applied to costs as much as this many
# multiply-adds per column.
READING_COST = 16


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
    """A matrix as bands of neighbouring rows.

    Parameters
    ----------
    bands : sequence of Band
        Their rows follow each other from the first to the last.
    n_columns : int
    """

    def __init__(self, bands: Sequence[Band], n_columns: int) -> None:
        self.bands = tuple(bands)
        self.shape = (self.bands[-1].rows.stop, n_columns)
        self.cost = sum(_cost(band.rows, band.columns) for band in bands)

    def apply(self, x: np.ndarray) -> np.ndarray:
        return self._spread(_apply, x, self.shape[0])

    def adjoint(self, y: np.ndarray) -> np.ndarray:
        return self._spread(_adjoint, y, self.shape[1])

    def astype(self, dtype: np.typing.DTypeLike) -> "Banded":
        return self._with([band.entries.astype(dtype) for band in self.bands])

    def squared(self) -> "Banded":
        return self._with([band.entries**2 for band in self.bands])

    def _with(self, entries: Sequence[np.ndarray]) -> "Banded":
        pairs = zip(self.bands, entries, strict=True)
        return Banded([replace(b, entries=e) for b, e in pairs], self.shape[1])

    def _spread(self, kernel, x: np.ndarray, n_rows: int) -> np.ndarray:  # type: ignore[no-untyped-def]
        kind = np.result_type(x, self.bands[0].entries)
        out = np.empty((n_rows, x.shape[1]), kind)
        with one_blas_thread():
            in_slices(kernel, x.shape[1], self.bands, x, out)
        return out


def _apply(bands, x, out, start, stop):  # type: ignore[no-untyped-def]
    for band in bands:
        part = out[band.rows, start:stop]
        np.matmul(band.entries, x[band.columns, start:stop], out=part)


def _adjoint(bands, y, out, start, stop):  # type: ignore[no-untyped-def]
    out[:, start:stop] = 0
    for band in bands:
        part = out[band.columns, start:stop]
        part += band.entries.T @ y[band.rows, start:stop]


def narrowest_bands(entries: scipy.sparse.csr_array) -> Banded:
    """Return the matrix in bands of the height that costs least."""
    choices = [_ranges(entries, height) for height in HEIGHTS]
    ranges = min(choices, key=lambda found: sum(_cost(*ends) for ends in found))
    bands = [Band(r, c, entries[r, c].toarray()) for r, c in ranges]
    return Banded(bands, entries.shape[1])


def _ranges(entries: scipy.sparse.csr_array, height: int) -> list[tuple[slice, slice]]:
    """Return the rows of each band, and the columns that they reach."""
    n_rows, ends = entries.shape[0], entries.indptr
    found = []
    for first in range(0, n_rows, height):
        last = min(first + height, n_rows)
        used = entries.indices[ends[first] : ends[last]]
        columns = (
            slice(int(used.min()), int(used.max()) + 1) if used.size else slice(0, 0)
        )
        found.append((slice(first, last), columns))
    return found


def _cost(rows: slice, columns: slice) -> float:
    n_rows, n_columns = rows.stop - rows.start, columns.stop - columns.start
    return float((n_rows + READING_COST) * n_columns)
