"""Readers of OGIP responses: redistribution matrices (RMF, RSP) and areas (ARF)."""

from collections.abc import Mapping
from os import PathLike

import numpy as np
from scipy import sparse

from hifred.observations.formats.fits_tables import (
    FitsFormatError,
    FitsTable,
    read_interval_columns,
    read_table,
    read_tables,
)
from hifred.observations.formats.rmf import Arf, Rmf, joined_edges

MATRIX_NAMES = ("MATRIX", "SPECRESP MATRIX")
KEYWORDS = ("TELESCOP", "INSTRUME", "DETNAM", "FILTER", "GRATING", "CHANTYPE")
# Published matrices exceed 1 by rounding and interpolation: ACIS by 0.7 %.
LARGEST_PROBABILITY = 1.05


def kept_keywords(header: Mapping[str, object]) -> dict[str, object]:
    """Return the keywords that say which instrument a file belongs to."""
    found = {key: header.get(key) for key in KEYWORDS}
    return {key: value for key, value in found.items() if value is not None}


def read_arf(path: str | PathLike[str]) -> Arf:
    """Read an OGIP effective area.

    Parameters
    ----------
    path : path
        File with a table SPECRESP (columns ENERG_LO, ENERG_HI, SPECRESP).

    Raises
    ------
    FitsFormatError
        If a column is missing, has the wrong unit, is negative or not finite, or the
        energies are inverted. The error names file, extension and column.
    """
    table = read_table(path, ("SPECRESP",), classes=("SPECRESP",))
    edges = _energy_edges(table)
    area = table.quantity("SPECRESP", "cm2")
    if np.any(area < 0):
        i = int(np.argmax(area < 0))
        raise FitsFormatError(
            f"{table.place('SPECRESP')} must not be negative; row {i} is {area[i]:g} "
            "cm2."
        )
    return Arf(edges, area, kept_keywords(table.header))


def _energy_edges(table: FitsTable) -> np.ndarray:
    low, high = read_interval_columns(table, "ENERG_LO", "ENERG_HI", "keV")
    try:
        return joined_edges(low, high, "energy bins")
    except ValueError as error:
        raise FitsFormatError(f"{table.place('ENERG_LO')}: {error}") from error


def read_rmf(
    path: str | PathLike[str],
    *,
    energy_band: tuple[float, float] | None = None,
    channel_band: tuple[float, float] | None = None,
) -> Rmf:
    """Read an OGIP redistribution matrix, compressed rows included.

    Parameters
    ----------
    path : path
        File with tables MATRIX (or SPECRESP MATRIX) and EBOUNDS; several matrices on
        the same energies are summed.
    energy_band : (float, float), keV, optional
        Keep only the true-energy bins that touch this band; the others are not even
        uncompressed.
    channel_band : (float, float), keV, optional
        Keep only the channels whose nominal centre lies in this band.

    Returns
    -------
    Rmf
        Matrix (channel, energy), sparse; channels in order of increasing energy.

    Raises
    ------
    FitsFormatError
        If the file is malformed. The error names file, extension and column.

    References
    ----------
    George et al. (1992), OGIP memo CAL/GEN/92-002; Arnaud and George (1992),
    CAL/GEN/92-002a, definition of the compressed rows.
    """
    bounds = read_table(path, ("EBOUNDS",), classes=("EBOUNDS",))
    channel, low, high = _read_channels(bounds)
    tables = read_tables(path, MATRIX_NAMES, classes=("RSP_MATRIX",))
    edges = _energy_edges(tables[0])
    rows = _rows_in_band(edges, energy_band, tables[0])
    first, last = rows.start, rows.stop
    matrix = _read_matrix(tables[0], channel, rows)
    for table in tables[1:]:
        if not np.array_equal(_energy_edges(table), edges):
            raise FitsFormatError(
                f"{table.place('ENERG_LO')} must equal that of the first matrix of "
                "the file; the energies differ. Combine the two responses first."
            )
        matrix = matrix + _read_matrix(table, channel, rows)
    order = np.argsort(low, kind="stable")
    header = tables[0].header
    rmf = Rmf(
        matrix=sparse.csr_array(sparse.csr_array(matrix)[order]),
        energy_edges=edges[first : last + 1],
        channel=channel[order],
        channel_low=low[order],
        channel_high=high[order],
        kind=_kind(header, matrix),
        threshold=float(header.get("LO_THRES", 0.0)),
        keywords=kept_keywords(header),
    )
    return rmf if channel_band is None else rmf.cut(*channel_band)


def _kind(header: Mapping[str, object], matrix: sparse.coo_array) -> str:
    largest = matrix.sum(axis=0).max() if matrix.nnz else 0.0
    declared = str(header.get("HDUCLAS3", "")).strip().upper()
    if declared in ("FULL", "DETECTOR") and largest > LARGEST_PROBABILITY:
        return "FULL"
    # Files of kind FULL are not always declared: a probability cannot exceed 1.
    return "FULL" if largest > LARGEST_PROBABILITY else "REDIST"


def _read_channels(table: FitsTable) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    low, high = read_interval_columns(table, "E_MIN", "E_MAX", "keV")
    if table.find("CHANNEL") is None:
        return np.arange(1, len(low) + 1), low, high
    channel = table.numbers("CHANNEL").astype(np.int64)
    steps = np.diff(channel)
    if np.any(steps != 1):
        i = int(np.argmax(steps != 1))
        raise FitsFormatError(
            f"{table.place('CHANNEL')} must count up by one; row {i} is {channel[i]} "
            f"and the next {channel[i + 1]}."
        )
    return channel, low, high


def _rows_in_band(
    edges: np.ndarray, band: tuple[float, float] | None, table: FitsTable
) -> slice:
    if band is None:
        return slice(0, len(edges) - 1)
    touched = np.flatnonzero((edges[1:] > band[0]) & (edges[:-1] < band[1]))
    if touched.size == 0:
        raise FitsFormatError(
            f"{table.place('ENERG_LO')} must reach the band {band[0]:g} to "
            f"{band[1]:g} keV; it covers {edges[0]:g} to {edges[-1]:g} keV."
        )
    return slice(int(touched[0]), int(touched[-1]) + 1)


def _read_matrix(
    table: FitsTable, channel: np.ndarray, rows: slice
) -> sparse.coo_array:
    n_groups = table.numbers("N_GRP")[rows].astype(np.int64)
    if np.any(n_groups < 0):
        raise FitsFormatError(
            f"{table.place('N_GRP')} must not be negative; got {n_groups.min()}."
        )
    first, _ = _packed(table, "F_CHAN", rows, n_groups)
    length, _ = _packed(table, "N_CHAN", rows, n_groups)
    group_row = np.repeat(np.arange(len(n_groups)), n_groups)
    first = first.astype(np.int64) - _first_channel(table, channel)
    length = length.astype(np.int64)
    _check_groups(table, first, length, len(channel))
    per_row = np.bincount(group_row, weights=length, minlength=len(n_groups))
    values, _ = _packed(table, "MATRIX", rows, per_row.astype(np.int64))
    _check_values(table, values)
    starts = np.repeat(np.cumsum(length) - length, length)
    channels = np.repeat(first, length) + np.arange(len(values)) - starts
    energies = np.repeat(group_row, length)
    return sparse.coo_array(
        (values.astype(float), (channels, energies)),
        shape=(len(channel), len(n_groups)),
    )


def _first_channel(table: FitsTable, channel: np.ndarray) -> int:
    """Return the channel number that F_CHAN counts from; OGIP asks for TLMIN."""
    declared = table.header.get(f"TLMIN{table.number('F_CHAN')}")
    return int(channel[0] if declared is None else declared)


def _packed(
    table: FitsTable, name: str, rows: slice, counts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the first ``counts[i]`` entries of each row, end to end, and the counts.

    A column may hold scalars, vectors of one length padded at the end, or
    variable-length arrays.
    """
    column = table.raw(name)[rows]
    if isinstance(column, np.ndarray) and column.dtype.kind != "O":
        block = column.reshape(len(column), -1)
        _check_lengths(table, name, np.full(len(block), block.shape[1]), counts)
        kept = np.arange(block.shape[1]) < counts[:, None]
        return block[kept], counts
    arrays = [np.atleast_1d(np.asarray(row)) for row in column]
    sizes = np.array([row.size for row in arrays], dtype=np.int64)
    _check_lengths(table, name, sizes, counts)
    if not arrays:
        return np.zeros(0), counts
    kept_rows = [row[:n] for row, n in zip(arrays, counts, strict=True)]
    return np.concatenate(kept_rows), counts


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


def _check_values(table: FitsTable, values: np.ndarray) -> None:
    bad = ~np.isfinite(values) | (values < 0)
    if np.any(bad):
        raise FitsFormatError(
            f"{table.place('MATRIX')} must be finite and not negative; got "
            f"{values[bad][0]:g}."
        )
