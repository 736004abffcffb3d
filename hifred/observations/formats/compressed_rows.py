"""The rows of an OGIP matrix: groups of neighbouring channels, zeros left out."""

import logging

import numpy as np
from scipy import sparse

from hifred.observations.formats.fits_files import FitsFormatError
from hifred.observations.formats.fits_tables import FitsTable

logger = logging.getLogger(__name__)

# Entries that rounding made negative, relative to the largest, count as 0.
NEGLIGIBLE = 1e-6
# Channels count from 1 where F_CHAN has no TLMIN keyword (CAL/GEN/92-002a).
FIRST_CHANNEL = 1
LARGEST_CHANNEL = 2**31


def read_compressed_rows(
    table: FitsTable, channel: np.ndarray, rows: slice
) -> sparse.csr_array:
    """Return some rows of a matrix, (energy, channel), as they are stored.

    Parameters
    ----------
    table : FitsTable
        With columns N_GRP, F_CHAN, N_CHAN and MATRIX: scalars, padded vectors or
        arrays of variable length.
    channel : (channel,) int array
        Channel numbers of EBOUNDS, counting up by one.
    rows : slice
        Rows wanted; the entries of the others are not read.

    Raises
    ------
    FitsFormatError
        If groups and entries do not belong together, lie outside the channels, or an
        entry is negative or not finite.
    """
    n_groups = table.integers("N_GRP")
    if np.any(n_groups < 0):
        raise FitsFormatError(
            f"{table.place('N_GRP')} must not be negative; got {n_groups.min()}."
        )
    first = _whole(table, "F_CHAN", _packed(table, "F_CHAN", n_groups))
    length = _whole(table, "N_CHAN", _packed(table, "N_CHAN", n_groups))
    first = first - _numbered_from(table, channel, first, length)
    _check_groups(table, first, length, len(channel))
    ends = np.cumsum(n_groups)
    groups = slice(ends[rows.start] - n_groups[rows.start], ends[rows.stop - 1])
    group_row = np.repeat(np.arange(len(n_groups)), n_groups)[groups] - rows.start
    first, length = first[groups], length[groups]
    n_rows = rows.stop - rows.start
    per_row = np.bincount(group_row, weights=length, minlength=n_rows).astype(np.int64)
    values = _checked_values(table, _packed(table, "MATRIX", per_row, rows))
    shift = np.repeat(first - (np.cumsum(length) - length), length)
    return sparse.csr_array(
        (
            values,
            (shift + np.arange(len(values))).astype(np.int32),
            np.concatenate([[0], np.cumsum(per_row)]),
        ),
        shape=(n_rows, len(channel)),
    )


def _numbered_from(
    table: FitsTable, channel: np.ndarray, first: np.ndarray, length: np.ndarray
) -> int:
    """Return the number that F_CHAN gives to the first channel.

    OGIP asks for TLMIN and counts from 1 without. Most files without count as their
    EBOUNDS do, so that is taken unless the groups would reach beyond the channels.
    """
    own = int(channel[0])
    name = f"TLMIN{table.number('F_CHAN')}"
    declared = table.keyword(name, float("nan"))
    if abs(declared) > LARGEST_CHANNEL:
        raise FitsFormatError(
            f"{table.place()} must have a channel number in {name}; got {declared:g}."
        )
    if not np.isnan(declared):
        return int(declared)
    used = length > 0
    if own < FIRST_CHANNEL and np.any((first + length)[used] - own > len(channel)):
        return FIRST_CHANNEL
    return own


def _whole(table: FitsTable, name: str, values: np.ndarray) -> np.ndarray:
    if values.dtype.kind not in "iuf" or not np.all(np.isfinite(values)):
        raise FitsFormatError(
            f"{table.place(name)} must hold whole numbers; it holds {values.dtype}"
            f"{'' if values.dtype.kind not in 'f' else ' that are not finite'}."
        )
    return values.astype(np.int64)


def _packed(
    table: FitsTable, name: str, counts: np.ndarray, rows: slice = slice(None)
) -> np.ndarray:
    """Return the first ``counts[i]`` entries of each row, end to end.

    A column may hold scalars, vectors of one length padded at the end, or
    variable-length arrays.
    """
    column = table.raw(name)[rows]
    if isinstance(column, np.ndarray) and column.dtype.kind != "O":
        block = column.reshape(len(column), -1)
        _check_lengths(table, name, np.full(len(block), block.shape[1]), counts)
        return np.asarray(block[np.arange(block.shape[1]) < counts[:, None]])
    arrays = [np.atleast_1d(np.asarray(row)) for row in column]
    sizes = np.array([row.size for row in arrays], dtype=np.int64)
    _check_lengths(table, name, sizes, counts)
    if not arrays:
        return np.zeros(0)
    return np.concatenate([row[:n] for row, n in zip(arrays, counts, strict=True)])


def _check_lengths(
    table: FitsTable, name: str, sizes: np.ndarray, counts: np.ndarray
) -> None:
    short = np.flatnonzero(sizes < counts)
    if short.size:
        i = int(short[0])
        wanted = "N_CHAN" if name == "MATRIX" else "N_GRP"
        raise FitsFormatError(
            f"{table.place(name)} must hold what {wanted} announces; row {i} holds "
            f"{sizes[i]} values and {wanted} asks for {counts[i]}."
        )


def _check_groups(
    table: FitsTable, first: np.ndarray, length: np.ndarray, n_channels: int
) -> None:
    if np.any(length < 0):
        raise FitsFormatError(
            f"{table.place('N_CHAN')} must not be negative; got {length.min()}."
        )
    outside = (length > 0) & ((first < 0) | (first + length > n_channels))
    if np.any(outside):
        i = int(np.argmax(outside))
        raise FitsFormatError(
            f"{table.place('F_CHAN')} must stay within the {n_channels} channels of "
            f"EBOUNDS; group {i} covers channels {first[i]} to "
            f"{first[i] + length[i] - 1}, counted from 0. Check the TLMIN keyword of "
            "F_CHAN."
        )


def _checked_values(table: FitsTable, values: np.ndarray) -> np.ndarray:
    if values.dtype.kind not in "biuf":
        raise FitsFormatError(
            f"{table.place('MATRIX')} must hold numbers; it holds {values.dtype}."
        )
    values = values.astype(float)
    floor = -NEGLIGIBLE * np.max(values, initial=0.0)
    bad = ~np.isfinite(values) | (values < floor)
    if np.any(bad):
        raise FitsFormatError(
            f"{table.place('MATRIX')} must be finite and not negative; got "
            f"{values[bad][0]:g}."
        )
    if np.any(values < 0):
        logger.warning(
            "%s has %d entries of rounding below 0, taken as 0.",
            table.place("MATRIX"),
            np.sum(values < 0),
        )
    return np.maximum(values, 0.0)
