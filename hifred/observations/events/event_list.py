"""Event lists: read with filters and good times, each cut counted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import final

import numpy as np
from astropy.coordinates import SkyCoord

from hifred.observations.events.clock import Clock, clock_of
from hifred.observations.events.cut_flow import CutFlow
from hifred.observations.events.detector_pixels import (
    COLUMN,
    NO_PIXELS,
    PixelNumbers,
    numbered_pixels,
    pixel_layout,
)
from hifred.observations.events.energies import event_energies
from hifred.observations.events.exposure import exposure_time
from hifred.observations.events.filters import ColumnFilter, Condition, meets, told
from hifred.observations.events.good_times import (
    GoodTimes,
    has_intervals,
    is_good_times,
    own_good_times,
    read_good_times,
)
from hifred.observations.events.pointings import pointing
from hifred.observations.events.positions import event_positions
from hifred.observations.events.selection import chosen_filters, left_out
from hifred.observations.events.unseen import (
    NOTHING,
    Unseen,
    check_conditions,
    dropped_rows,
    mixed_notes,
)
from hifred.observations.formats.detector_channels import DetectorChannels
from hifred.observations.formats.fits_files import FitsFormatError, open_fits
from hifred.observations.formats.fits_tables import FitsTable, all_tables_in, tables_in
from hifred.observations.formats.ogip import kept_keywords


@final
@dataclass(frozen=True)
class Events:
    """Recorded photons that passed the filters.

    Parameters
    ----------
    y, x : (event,) arrays
        The columns of position as they are.
    energy : (event,) array, keV
        Recorded energy.
    sky : (event,) SkyCoord or None
        Positions, in the frame of the file; None for detector pixels.
    exposure_time : float or None, s
        Live time, where the file tells it.
    cuts : CutFlow
        What each filter and the good times dropped.
    clock : Clock
        Of the good times.
    good_times : GoodTimes or None
    pixels : PixelNumbers
        Numbers of the pixels of a small array.
    unseen : Unseen
        Events that were dropped for their place or their energy.
    pointing : mapping of keyword to float, degrees
        Where the telescope looked; empty where the file does not tell, or of several.
    unusual : tuple of str
        Sentences on events that are kept though the usual conditions drop them.
    keywords : mapping
        TELESCOP, INSTRUME and the like.
    notes : tuple of str
        What a user should know of the file.
    """

    y: np.ndarray
    x: np.ndarray
    energy: np.ndarray
    sky: SkyCoord | None
    exposure_time: float | None
    cuts: CutFlow
    clock: Clock
    good_times: GoodTimes | None = None
    pixels: PixelNumbers = NO_PIXELS
    unseen: Unseen = NOTHING
    pointing: Mapping[str, float] = field(default_factory=dict)
    unusual: tuple[str, ...] = ()
    keywords: Mapping[str, object] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def n_recorded(self) -> int:
        """Number of events in the file, before the filters."""
        return self.cuts.n_recorded


def read_events(
    path: str | PathLike[str],
    *,
    filters: Mapping[str, ColumnFilter] | str | None = None,
    usual_filters: bool = True,
    coordinates: tuple[str, str] = ("X", "Y"),
    energy_column: str | None = None,
    channels: DetectorChannels | None = None,
    good_times: bool = True,
    good_time_files: Sequence[str | PathLike[str]] = (),
    clock: Clock | None = None,
) -> Events:
    """Read an event list.

    Parameters
    ----------
    path : path
        FITS file with a table EVENTS.
    filters : mapping of column to ColumnFilter, or str, optional
        Which events are good, by column or as an `Expression`. They are added to the
        usual choice for the telescope, in the place of what that says of the same
        columns; an empty mapping keeps all events.
    usual_filters : bool
        Whether to add the usual choice.
    coordinates : (str, str)
        Columns of x and y: sky pixels with WCS keywords, ``("RA", "DEC")`` or
        ``("GLON", "GLAT")`` in degrees, or detector pixels such as ``("DETX",
        "DETY")``.
    energy_column : str, optional
        Column with a unit of energy, or a channel column named PI or PHA. By default
        ENERGY, else PI as the telescope counts it.
    channels : DetectorChannels, optional
        Of the response, for PI of a telescope that is not known, and for PHA.
    good_times : bool
        Keep only events inside the good time intervals of the file, if it has any.
    good_time_files : sequence of paths
        Further files of good time intervals, such as those of a flare filter.
    clock : Clock, optional
        Clock of the good times; by default that of the file.

    Raises
    ------
    FitsFormatError
        If a column is missing or has the wrong unit, the good time intervals are
        empty or inverted, or the telescope is unknown and needed.
    """
    table, others = _tables(Path(path))
    clock = clock or clock_of(table)
    own = own_good_times(others, clock) if good_times else None
    used = _with_files(own, good_time_files, clock)
    chosen = chosen_filters(table, filters, with_usual=usual_filters)
    check_conditions(chosen)
    good, cuts = _chosen_rows(table, chosen, used, clock)
    energy = event_energies(table, energy_column, channels)
    good, cuts = _cut(good, cuts, np.isfinite(energy), "energy defined")
    x, y = (table.numbers_or_nan(name) for name in coordinates)
    good, cuts = _cut(good, cuts, np.isfinite(x + y), "position defined")
    live, note = exposure_time(table.header, own, used)
    told = (*_notes(table, note), *mixed_notes(chosen, table.place()))
    usable = np.isfinite(energy + x + y) & _in_time(table, used, clock)
    return Events(
        y=y[good],
        x=x[good],
        energy=energy[good],
        sky=event_positions(table, *coordinates, good),
        exposure_time=live,
        cuts=cuts,
        clock=clock,
        good_times=used,
        pixels=numbered_pixels(table, good, chosen),
        unseen=_unseen(table, chosen, coordinates, (y, x, energy), usable),
        pointing=pointing(table.header),
        keywords=kept_keywords(table.header),
        unusual=left_out(table, good, chosen),
        notes=(*told, *_undeclared(others)),
    )


def _tables(path: Path) -> tuple[FitsTable, list[FitsTable]]:
    """Return the table of events of a file, and all its tables."""
    with open_fits(path) as hdus:
        lists = tables_in(hdus, path, ("EVENTS",), classes=("EVENTS",))
        if len(lists) > 1:
            raise FitsFormatError(
                f"{path.name} must have one table of events; it has {len(lists)}: "
                f"{', '.join(table.extension for table in lists)}. Write each to a "
                "file of its own and give these as events."
            )
        return lists[0], all_tables_in(hdus, path)


def _in_time(table: FitsTable, used: GoodTimes | None, clock: Clock) -> np.ndarray:
    """Return which rows (event,) lie in the good times."""
    if used is None:
        return np.ones(len(table.data), dtype=bool)
    return used.holds(clock.seconds(table, "TIME"))


def _unseen(
    table: FitsTable,
    chosen: Mapping[str, Condition],
    coordinates: tuple[str, str],
    values: tuple[np.ndarray, np.ndarray, np.ndarray],
    usable: np.ndarray,
) -> Unseen:
    y, x, energy = values
    # The pixels of an array that is known are masked by their numbers.
    known = frozenset() if pixel_layout(table) is None else frozenset({COLUMN})
    place, other, columns = dropped_rows(table, chosen, known)
    place, other = place & usable, other & usable
    if not (place.any() or other.any()):
        return NOTHING
    sky = event_positions(table, *coordinates, place)
    return Unseen(y[place], x[place], sky, energy[other], columns)


def _with_files(
    own: GoodTimes | None, paths: Sequence[str | PathLike[str]], clock: Clock
) -> GoodTimes | None:
    used = own
    for path in paths:
        further = read_good_times(path, clock)
        used = further if used is None else used.intersected(further)
        if not used.total > 0:
            raise FitsFormatError(
                f"{further.source} must share times with the other good times of the "
                "events; they share none. Check MJDREF, TIMEZERO and the observation."
            )
    return used


def _chosen_rows(
    table: FitsTable,
    filters: Mapping[str, Condition],
    used: GoodTimes | None,
    clock: Clock,
) -> tuple[np.ndarray, CutFlow]:
    """Return which rows (event,) pass filters and good times, and each one's count."""
    good = np.ones(len(table.data), dtype=bool)
    cuts = CutFlow(len(good))
    for name, condition in filters.items():
        passed = meets(table, name, condition)
        good, cuts = _cut(good, cuts, passed, told(name, condition))
    if used is not None:
        good, cuts = _cut(good, cuts, _in_time(table, used, clock), "good times")
        _check_any_time(table, clock.seconds(table, "TIME"), used)
    return good, cuts


def _cut(
    good: np.ndarray, cuts: CutFlow, passed: np.ndarray, name: str
) -> tuple[np.ndarray, CutFlow]:
    left = good & passed
    return left, cuts.then(name, left.sum())


def _check_any_time(table: FitsTable, time: np.ndarray, used: GoodTimes) -> None:
    finite = time[np.isfinite(time)]
    if finite.size and not used.holds(finite).any():
        raise FitsFormatError(
            f"{table.place('TIME')} must have times inside the good times; events run "
            f"from {finite.min():.9g} to {finite.max():.9g} s and {used.source} from "
            f"{used.start[0]:.9g} to {used.stop[-1]:.9g} s. Check TIMEZERO and MJDREF."
        )


def _notes(table: FitsTable, note: str) -> list[str]:
    return [f"{table.place()}: {note}"] if note else []


def _undeclared(tables: Sequence[FitsTable]) -> list[str]:
    return [
        f"{table.place()} has START and STOP but does not say that it holds good times "
        "(HDUCLAS1 = GTI); it is not used. Give it as good_time_files to use it."
        for table in tables
        if has_intervals(table) and not is_good_times(table)
    ]
