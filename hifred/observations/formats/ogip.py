"""Readers of OGIP responses: redistribution matrices (RMF, RSP) and areas (ARF).

Own code on astropy's tables: gammapy reads no area folded into a matrix, no files of
several matrices, and expands a matrix to a dense one (8 GiB for Resolve); sherpa has no
wheels, and likewise keeps only the first matrix. Both serve the tests as oracles.
"""

import logging
from collections.abc import Mapping
from dataclasses import replace
from os import PathLike
from pathlib import Path

import numpy as np
from scipy import sparse

from hifred.observations.formats.compressed_rows import read_compressed_rows
from hifred.observations.formats.energy_grids import joined_edges
from hifred.observations.formats.fits_files import FitsFormatError, open_fits
from hifred.observations.formats.fits_tables import (
    FitsTable,
    only_table,
    read_interval_columns,
    read_table,
    tables_in,
)
from hifred.observations.formats.rmf import Arf, Rmf
from hifred.observations.formats.units import UnitError, conversion_factor

logger = logging.getLogger(__name__)

MATRIX_NAMES = ("MATRIX", "SPECRESP MATRIX")
KEYWORDS = (
    "TELESCOP", "INSTRUME", "DETNAM", "FILTER", "GRATING", "CHANTYPE", "OBS_ID",
)  # fmt: skip
# Published matrices exceed 1 by rounding and interpolation: ACIS by 0.7 %.
LARGEST_PROBABILITY = 1.05
# A column that sums to this cannot be a probability, whatever the file declares.
SURELY_AN_AREA = 2.0


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
        If a column is missing, has the wrong unit, is negative or not finite between
        its ends, or the energies are inverted. The error names file, extension and
        column.
    """
    table = read_table(path, ("SPECRESP",), classes=("SPECRESP",))
    edges, order = _energy_edges(table)
    area = table.quantity_or_nan("SPECRESP", "cm2")[order]
    edges, area = _defined(table, edges, area)
    if np.any(area < 0):
        i = int(np.argmax(area < 0))
        raise FitsFormatError(
            f"{table.place('SPECRESP')} must not be negative; row {i} is {area[i]:g} "
            "cm2."
        )
    if not np.any(area > 0):
        raise FitsFormatError(
            f"{table.place('SPECRESP')} must be above 0 somewhere; all {len(area)} "
            "rows are 0. Fetch or make the file again."
        )
    return Arf(edges, area, kept_keywords(table.header))


def _energy_edges(table: FitsTable) -> tuple[np.ndarray, slice]:
    """Return edges (energy + 1,) in keV that increase, and the order of the rows.

    Gratings may list their energies by increasing wavelength.
    """
    low, high = read_interval_columns(table, "ENERG_LO", "ENERG_HI", "keV")
    order = slice(None, None, -1 if low[0] > low[-1] else 1)
    try:
        return joined_edges(low[order], high[order], "energy bins"), order
    except ValueError as error:
        raise FitsFormatError(f"{table.place('ENERG_LO')}: {error}") from error


def _defined(
    table: FitsTable, edges: np.ndarray, area: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return edges and area without the ends where the area is undefined."""
    known = np.isfinite(area)
    if not known.any():
        raise FitsFormatError(
            f"{table.place('SPECRESP')} must be finite; no row is. Fetch or make the "
            "file again."
        )
    first, last = np.flatnonzero(known)[[0, -1]]
    if not known[first : last + 1].all():
        i = first + int(np.argmin(known[first : last + 1]))
        raise FitsFormatError(
            f"{table.place('SPECRESP')} must be finite; at {edges[i]:g} to "
            f"{edges[i + 1]:g} keV it is {area[i]}."
        )
    if not known.all():
        logger.warning(
            "%s is undefined in %d rows at its ends: it is taken from %g to %g keV.",
            *(table.place("SPECRESP"), np.sum(~known), edges[first], edges[last + 1]),
        )
    return edges[first : last + 2], area[first : last + 1]


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
        File with tables MATRIX (or SPECRESP MATRIX) and EBOUNDS; several matrices are
        summed on the energies of the finest.
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
    finest, *coarser = read_rmf_parts(
        path, energy_band=energy_band, channel_band=channel_band
    )
    for part in coarser:
        finest = finest.plus(part.held_on(finest.energy_edges))
    return finest


def read_rmf_parts(
    path: str | PathLike[str],
    *,
    energy_band: tuple[float, float] | None = None,
    channel_band: tuple[float, float] | None = None,
) -> tuple[Rmf, ...]:
    """Read the matrices of a response, each on its own energies, the finest first.

    A response may be split into a fine core and a coarse continuum (XRISM's "comb"
    files): what is recorded is their sum, a coarse bin's column holding for all
    energies in it. Apart they take the memory of their stored entries; parameters and
    errors are those of `read_rmf`.
    """
    path = Path(path)
    with open_fits(path) as hdus:
        bounds = only_table(tables_in(hdus, path, ("EBOUNDS",), classes=("EBOUNDS",)))
        tables = tables_in(hdus, path, MATRIX_NAMES, classes=("RSP_MATRIX",))
    channel, low, high = _read_channels(bounds)
    parts = [_part(table, (channel, low, high), energy_band) for table in tables]
    kinds = {_kind(table, part) for table, part in zip(tables, parts, strict=True)}
    kind = "FULL" if "FULL" in kinds else "REDIST"
    if channel_band is not None:
        # What was read counts as recorded: nothing of the other channels is known.
        parts = [replace(p.cut(*channel_band), recorded=None) for p in parts]
    parts.sort(key=lambda part: np.median(np.diff(part.energy_edges)))
    return tuple(replace(part, kind=kind) for part in parts)


def _part(
    table: FitsTable,
    channels: tuple[np.ndarray, np.ndarray, np.ndarray],
    energy_band: tuple[float, float] | None,
) -> Rmf:
    channel, low, high = channels
    edges, direction = _energy_edges(table)
    rows = _rows_in_band(edges, energy_band, table)
    stored = rows
    if direction.step < 0:
        stored = slice(len(edges) - 1 - rows.stop, len(edges) - 1 - rows.start)
    entries = read_compressed_rows(table, channel, stored)[direction]
    matrix = sparse.csr_array(entries.T)
    if (unit_cm2 := _area_unit(table)) is not None:
        matrix = matrix * unit_cm2
    order = np.argsort(low, kind="stable")
    if np.any(np.diff(order) != 1):
        matrix = matrix[order]
    return Rmf(
        matrix=matrix,
        energy_edges=edges[rows.start : rows.stop + 1],
        channel=channel[order],
        channel_low=low[order],
        channel_high=high[order],
        threshold=table.keyword("LO_THRES", 0.0),
        keywords=kept_keywords(table.header),
    )


def _kind(table: FitsTable, part: Rmf) -> str:
    """Return FULL if the area is in the matrix, REDIST if at most an efficiency is.

    HDUCLAS3 says so, where it can be true; where it is absent, a probability cannot
    exceed 1.
    """
    sums = part.column_sums
    largest = float(sums.max(initial=0.0))
    declared = str(table.header.get("HDUCLAS3", "")).strip().upper()
    may_be_area = largest > LARGEST_PROBABILITY or _is_area(table)
    if declared == "FULL":
        is_unity = abs(float(np.median(sums)) - 1) < LARGEST_PROBABILITY - 1
        kind = "REDIST" if is_unity and not may_be_area else "FULL"
    elif declared in ("REDIST", "DETECTOR"):
        kind = "FULL" if largest > SURELY_AN_AREA else "REDIST"
    else:
        return "FULL" if may_be_area else "REDIST"
    if (kind == "FULL") != (declared == "FULL"):
        logger.warning(
            "%s declares HDUCLAS3 = %s, but its columns sum to %.4g: taken as %s.",
            *(table.place(), declared, largest, kind),
        )
    return kind


def _is_area(table: FitsTable) -> bool:
    """Return whether the matrix is called an area: by its unit or its name."""
    named = table.extension.upper() == "SPECRESP MATRIX"
    return named or _area_unit(table) is not None


def _area_unit(table: FitsTable) -> float | None:
    """Return the unit of the matrix in cm2, where it is one of an area."""
    try:
        return conversion_factor(table.unit("MATRIX"), "cm2")
    except UnitError:
        return None


def _read_channels(table: FitsTable) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    low, high = read_interval_columns(table, "E_MIN", "E_MAX", "keV")
    if table.find("CHANNEL") is None:
        return np.arange(1, len(low) + 1), low, high
    channel = table.integers("CHANNEL")
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
