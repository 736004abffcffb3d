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
        heights = [len(band.entries) + READING_COST for band in bands]
        widths = [band.entries.shape[1] for band in bands]
        self.cost = float(np.dot(heights, widths))

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
    choices = (_bands(entries, height) for height in HEIGHTS)
    return min(choices, key=lambda banded: banded.cost)


def _bands(entries: scipy.sparse.csr_array, height: int) -> Banded:
    n_rows, n_columns = entries.shape
    bands = []
    for first in range(0, n_rows, height):
        some = entries[first : first + height]
        columns = slice(0, 0)
        if some.nnz:
            columns = slice(int(some.indices.min()), int(some.indices.max()) + 1)
        rows = slice(first, min(first + height, n_rows))
        bands.append(Band(rows, columns, some[:, columns].toarray()))
    return Banded(bands, n_columns)
