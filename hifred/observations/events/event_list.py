"""Event lists: read with filters and good times, binned into counts cubes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from typing import final

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

from hifred.observations.events.detectors import known_detector
from hifred.observations.events.filters import ColumnFilter, good_events
from hifred.observations.formats.fits_tables import (
    FitsFormatError,
    FitsTable,
    read_interval_columns,
    read_table,
    read_tables,
)
from hifred.observations.formats.ogip import kept_keywords
from hifred.observations.geometry.pixel_grid import PixelGrid

ENERGY_COLUMNS = ("ENERGY",)
EXPOSURE_KEYWORDS = ("EXPOSURE", "LIVETIME")


@final
@dataclass(frozen=True)
class Events:
    """Recorded photons that passed the filters.

    Parameters
    ----------
    y, x : (event,) arrays
        Position: FITS pixel coordinates of `wcs`, degrees, or detector pixels.
    energy : (event,) array, keV
        Recorded energy.
    wcs : WCS or None
        Celestial WCS of the positions.
    in_degrees : bool
        Whether x and y are right ascension and declination instead.
    exposure_time : float or None, s
        Live time, where the file tells it.
    n_recorded : int
        Number of events in the file, before the filters.
    keywords : mapping
        TELESCOP, INSTRUME and the like.
    """

    y: np.ndarray
    x: np.ndarray
    energy: np.ndarray
    wcs: WCS | None
    exposure_time: float | None
    n_recorded: int
    in_degrees: bool = False
    keywords: Mapping[str, object] = field(default_factory=dict)


def read_events(
    path: str | PathLike[str],
    *,
    filters: Mapping[str, ColumnFilter] | None = None,
    coordinates: tuple[str, str] = ("X", "Y"),
    energy_column: str | None = None,
    good_times: bool = True,
) -> Events:
    """Read an event list.

    Parameters
    ----------
    path : path
        FITS file with a table EVENTS.
    filters : mapping of column to ColumnFilter, optional
        Which events are good. None takes the usual choice for the telescope where it
        is known and its column exists; an empty mapping keeps all.
    coordinates : (str, str)
        Columns of x and y: sky pixels with WCS keywords, ``("RA", "DEC")`` in
        degrees, or detector pixels such as ``("DETX", "DETY")``.
    energy_column : str, optional
        Column with a unit of energy, or a channel column named PI. By default ENERGY,
        else PI as the telescope counts it.
    good_times : bool
        Keep only events inside the good time intervals of the file, if it has any.

    Raises
    ------
    FitsFormatError
        If a column is missing or has the wrong unit, the good time intervals are
        empty or inverted, or the telescope is unknown and needed.
    """
    table = read_table(path, ("EVENTS",), classes=("EVENTS",))
    good = good_events(table, _usual_filters(table) if filters is None else filters)
    intervals = _good_times(path) if good_times else None
    if intervals is not None:
        good &= _inside(table.quantity("TIME", "s"), *intervals)
    x_name, y_name = coordinates
    return Events(
        y=table.numbers(y_name)[good].astype(float),
        x=table.numbers(x_name)[good].astype(float),
        energy=_event_energies(table, energy_column)[good],
        wcs=_events_wcs(table, x_name, y_name),
        exposure_time=_exposure_time(table.header, intervals),
        n_recorded=len(good),
        in_degrees=(x_name.upper(), y_name.upper()) == ("RA", "DEC"),
        keywords=kept_keywords(table.header),
    )


def _usual_filters(table: FitsTable) -> dict[str, ColumnFilter]:
    try:
        usual = known_detector(table.header, table.place()).filters
    except FitsFormatError:
        return {}
    return {name: f for name, f in usual.items() if table.find(name) is not None}


def _good_times(path: str | PathLike[str]) -> tuple[np.ndarray, np.ndarray] | None:
    """Return start and stop (interval,) in s of all good time tables, if any."""
    with fits.open(path, memmap=False) as hdus:
        names = [h.name.upper() for h in hdus if _is_good_times(h)]
    if not names:
        return None
    tables = read_tables(path, names)
    pieces = [read_interval_columns(table, "START", "STOP", "s") for table in tables]
    start = np.concatenate([low for low, _ in pieces])
    stop = np.concatenate([high for _, high in pieces])
    if not np.any(stop > start):
        raise FitsFormatError(
            f"{tables[0].place('STOP')} must be later than START somewhere; all "
            f"{len(start)} good time intervals are empty."
        )
    return merge_intervals(start, stop)


def _is_good_times(hdu: fits.hdu.base.ExtensionHDU) -> bool:
    declared = str(hdu.header.get("HDUCLAS1", "")).strip().upper()
    return declared == "GTI" or hdu.name.upper().startswith(("GTI", "STDGTI"))


def merge_intervals(
    start: np.ndarray, stop: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the union of intervals, in order and without overlap.

    Each CCD may have its own good times; an event list holds only events that were
    good on their CCD, so that the union loses none.
    """
    order = np.argsort(start, kind="stable")
    start, stop = start[order], stop[order]
    reach = np.maximum.accumulate(stop)
    first = np.append(True, start[1:] > reach[:-1])
    return start[first], reach[np.append(np.flatnonzero(first)[1:] - 1, len(reach) - 1)]


def _inside(time: np.ndarray, start: np.ndarray, stop: np.ndarray) -> np.ndarray:
    index = np.searchsorted(start, time, side="right") - 1
    return (index >= 0) & (time <= stop[np.maximum(index, 0)])


def _exposure_time(
    header: fits.Header, intervals: tuple[np.ndarray, np.ndarray] | None
) -> float | None:
    for keyword in EXPOSURE_KEYWORDS:
        value = header.get(keyword)
        if isinstance(value, int | float) and value > 0:
            return float(value)
    if intervals is None:
        return None
    return float(np.sum(intervals[1] - intervals[0]))


def _event_energies(table: FitsTable, column: str | None) -> np.ndarray:
    names = ENERGY_COLUMNS if column is None else (column,)
    for name in names:
        if table.find(name) is not None and name.upper() != "PI":
            if not table.data.columns[str(table.find(name))].unit:
                # Chandra and others that leave the unit out write electronvolts.
                return table.numbers(name).astype(float) * 1e-3
            return table.quantity(name, "keV")
    if column is not None and column.upper() != "PI":
        table.raw(column)  # raises: there is no such column
    detector = known_detector(table.header, table.place("PI"))
    value = table.numbers(detector.pi_column).astype(float)
    # The middle of the channel: rounding cannot move it to a neighbour.
    offset = detector.pi_start_ev + (0.5 - detector.pi_first) * detector.pi_step_ev
    return (value * detector.pi_step_ev + offset) * 1e-3


def _events_wcs(table: FitsTable, x_name: str, y_name: str) -> WCS | None:
    columns = [table.number(x_name), table.number(y_name)]
    keys = _pixel_list_keywords(table.header, columns)
    if keys is None:
        if (x_name.upper(), y_name.upper()) == ("X", "Y"):
            raise FitsFormatError(
                f"{table.place(x_name)} must have WCS keywords (TCTYP{columns[0]}, "
                "TCRVL, TCRPX, TCDLT, or REFXCTYP and so on); it has none."
            )
        return None
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crval, wcs.wcs.crpix, wcs.wcs.cdelt = keys
    wcs.wcs.cunit = ["deg", "deg"]
    wcs.wcs.set()
    return wcs


def _pixel_list_keywords(
    header: fits.Header, columns: Sequence[int]
) -> tuple[list[str], list[float], list[float], list[float]] | None:
    """Return ctype, crval, crpix and cdelt of two columns, in either spelling."""
    x, y = columns
    spellings = [
        [(f"{key}{x}", f"{key}{y}") for key in ("TCTYP", "TCRVL", "TCRPX", "TCDLT")],
        [(f"REFX{key}", f"REFY{key}") for key in ("CTYP", "CRVL", "CRPX", "CDLT")],
    ]
    for pairs in spellings:
        if all(key in header for pair in pairs for key in pair):
            found = [[header[a], header[b]] for a, b in pairs]
            if all("-" in str(kind) for kind in found[0]):  # celestial: RA---TAN
                return found[0], found[1], found[2], found[3]
    return None


def event_pixels(events: Events, grid: PixelGrid) -> tuple[np.ndarray, np.ndarray]:
    """Return the pixel coordinates (y, x), from 0, of events on a sky grid."""
    if events.in_degrees:
        return grid.pixel_of(events.x, events.y)
    if events.wcs is None:
        raise FitsFormatError(
            "events must have sky coordinates to be binned on a sky grid; these have "
            "detector pixels. Give the columns X and Y, or RA and DEC."
        )
    ra, dec = events.wcs.all_pix2world(events.x, events.y, 1)
    return grid.pixel_of(ra, dec)


def bin_events(
    events: Events, grid: PixelGrid, channel_edges: np.ndarray
) -> np.ndarray:
    """Return counts (channel, y, x) of events on a sky grid.

    Parameters
    ----------
    events : Events
        With sky coordinates.
    grid : PixelGrid
        Pixels of the cube.
    channel_edges : (channel + 1,) array, keV
        Increasing.

    Notes
    -----
    Bins are half-open, the last one closed, as in `numpy.histogramdd`.
    """
    y, x = event_pixels(events, grid)
    ny, nx = grid.shape
    edges = (
        np.asarray(channel_edges),
        np.arange(ny + 1) - 0.5,
        np.arange(nx + 1) - 0.5,
    )
    return histogram((events.energy, y, x), edges)


def bin_detector_pixels(
    events: Events, channel_edges: np.ndarray, *, first: int, shape: tuple[int, int]
) -> np.ndarray:
    """Return counts (channel, y, x) of events in detector pixels.

    Parameters
    ----------
    events : Events
        Whose x and y are detector pixel numbers.
    channel_edges : (channel + 1,) array, keV
        Increasing.
    first : int
        Number of the first row and column; 1 for DETX and DETY of Resolve.
    shape : (int, int)
        Rows and columns.
    """
    rows, columns = (np.arange(n + 1) + first - 0.5 for n in shape)
    sample = (events.energy, events.y, events.x)
    return histogram(sample, (np.asarray(channel_edges), rows, columns))


def histogram(sample: Sequence[np.ndarray], edges: Sequence[np.ndarray]) -> np.ndarray:
    """Return integer counts of points in a grid of bins, as `numpy.histogramdd` does.

    Parameters
    ----------
    sample : sequence of (event,) arrays
        One per axis.
    edges : sequence of (n + 1,) arrays
        Increasing edges, one per axis.
    """
    shape = tuple(len(e) - 1 for e in edges)
    good = np.ones(len(sample[0]), dtype=bool)
    indices = []
    for values, axis_edges in zip(sample, edges, strict=True):
        index = np.searchsorted(axis_edges, values, side="right") - 1
        index[values == axis_edges[-1]] -= 1
        good &= (index >= 0) & (index < len(axis_edges) - 1)
        indices.append(index)
    flat = np.ravel_multi_index([i[good] for i in indices], shape)
    return np.bincount(flat, minlength=int(np.prod(shape))).reshape(shape)
