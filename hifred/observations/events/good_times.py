"""Good time intervals: read, brought to one clock, united and intersected."""

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import final

import numpy as np

from hifred.observations.events.clock import Clock
from hifred.observations.formats.fits_files import FitsFormatError
from hifred.observations.formats.fits_tables import (
    FitsTable,
    all_tables,
    read_interval_columns,
)


@final
@dataclass(frozen=True)
class GoodTimes:
    """Intervals in increasing order, without overlap.

    Parameters
    ----------
    start, stop : (interval,) arrays, s
    source : str
        File and extensions, for errors.
    """

    start: np.ndarray
    stop: np.ndarray
    source: str

    @property
    def total(self) -> float:
        """Length of all intervals, s."""
        return float(np.sum(self.stop - self.start))

    def holds(self, time: np.ndarray) -> np.ndarray:
        """Return which of the times (event,) lie inside."""
        index = np.searchsorted(self.start, time, side="right") - 1
        known = np.isfinite(time) & (index >= 0)
        return known & (time <= self.stop[np.maximum(index, 0)])

    def intersected(self, other: "GoodTimes") -> "GoodTimes":
        """Return the times that are good in both."""
        low = np.maximum.outer(self.start, other.start).ravel()
        high = np.minimum.outer(self.stop, other.stop).ravel()
        kept = high > low
        source = f"{self.source} and {other.source}"
        return GoodTimes(*merge_intervals(low[kept], high[kept]), source)


def united(pieces: Sequence[GoodTimes]) -> GoodTimes:
    """Return the times that are good in one or another."""
    start = np.concatenate([piece.start for piece in pieces])
    stop = np.concatenate([piece.stop for piece in pieces])
    source = ", ".join(piece.source for piece in pieces)
    return GoodTimes(*merge_intervals(start, stop), source)


def merge_intervals(
    start: np.ndarray, stop: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the union of intervals, in order and without overlap."""
    if start.size == 0:
        return start, stop
    order = np.argsort(start, kind="stable")
    start, stop = start[order], stop[order]
    reach = np.maximum.accumulate(stop)
    first = np.append(True, start[1:] > reach[:-1])
    return start[first], reach[np.append(np.flatnonzero(first)[1:] - 1, len(reach) - 1)]


def own_good_times(tables: Sequence[FitsTable], clock: Clock) -> GoodTimes | None:
    """Return the good times of an event list's own tables; None if it has none.

    Tables numbered under one name, such as STDGTI01 and STDGTI02 of EPIC's CCDs, are
    united: an event list holds only events that were good on their CCD. Of different
    names, such as STDGTI and the GTI of a flare filter, all must be good.
    """
    groups: dict[str, list[FitsTable]] = {}
    for table in tables:
        if is_good_times(table):
            groups.setdefault(_stem(table), []).append(table)
    pieces = [_united_tables(group, clock) for group in groups.values()]
    if not pieces:
        return None
    good = pieces[0]
    for piece in pieces[1:]:
        good = good.intersected(piece)
    return _not_empty(good)


def read_good_times(path: str | PathLike[str], clock: Clock) -> GoodTimes:
    """Return the good times of a file of their own, all its tables united.

    Raises
    ------
    FitsFormatError
        If no table has columns START and STOP, or all are empty.
    """
    tables = all_tables(path)
    declared = [table for table in tables if is_good_times(table)]
    found = declared or [table for table in tables if has_intervals(table)]
    if not found:
        raise FitsFormatError(
            f"{Path(path).name} must have a table of good times, with columns START "
            f"and STOP; it has {', '.join(t.extension for t in tables) or 'none'}."
        )
    return _not_empty(_united_tables(found, clock))


def is_good_times(table: FitsTable) -> bool:
    """Return whether a table says by its class or its name that it holds good times."""
    declared = str(table.header.get("HDUCLAS1", "")).strip().upper()
    return declared == "GTI" or table.extension.upper().startswith(("GTI", "STDGTI"))


def has_intervals(table: FitsTable) -> bool:
    """Return whether a table has columns START and STOP."""
    return table.find("START") is not None and table.find("STOP") is not None


def _stem(table: FitsTable) -> str:
    return table.extension.upper().rstrip("0123456789")


def _united_tables(tables: Sequence[FitsTable], clock: Clock) -> GoodTimes:
    # A CCD that was off has an empty table.
    filled = [table for table in tables if len(table.data) > 0]
    return united([_intervals(table, clock) for table in filled or tables[:1]])


def _intervals(table: FitsTable, clock: Clock) -> GoodTimes:
    read_interval_columns(table, "START", "STOP", "s")  # raises: none, or inverted
    low, high = clock.seconds(table, "START"), clock.seconds(table, "STOP")
    return GoodTimes(*merge_intervals(low, high), table.place("STOP"))


def _not_empty(good: GoodTimes) -> GoodTimes:
    if not good.total > 0:
        raise FitsFormatError(
            f"{good.source} must be later than START somewhere; all good time "
            "intervals are empty."
        )
    return good
