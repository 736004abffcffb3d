"""The clock of an event list: times of its tables and of other files on it."""

from dataclasses import dataclass
from typing import final

import numpy as np
from astropy import units

from hifred.observations.formats.fits_files import FitsFormatError
from hifred.observations.formats.fits_tables import FitsTable

DAY_S = 86400.0


@final
@dataclass(frozen=True)
class Clock:
    """Where times are counted from, and in which time system.

    Parameters
    ----------
    reference_day : float or None, MJD
        MJDREF, or MJDREFI + MJDREFF; None where the file does not tell.
    system : str
        TIMESYS, such as TT or UTC; empty where the file does not tell.
    """

    reference_day: float | None
    system: str

    def seconds(self, table: FitsTable, column: str) -> np.ndarray:
        """Return a column of times in s on this clock, NaN where undefined.

        TIMEZERO and the reference day of the table are added.

        Raises
        ------
        FitsFormatError
            If the table counts in another time system, or its keywords are no numbers.
        """
        own = clock_of(table)
        if self.system and own.system and self.system != own.system:
            raise FitsFormatError(
                f"{table.place()} must be in the time system of the events, TIMESYS "
                f"{self.system!r}; got {own.system!r}. Convert its times."
            )
        days = 0.0
        if self.reference_day is not None and own.reference_day is not None:
            days = own.reference_day - self.reference_day
        scale, zero = _scale_and_zero(table)
        values = table.quantity_or_nan(column, "s")
        return values * (1.0 if table.unit(column) else scale) + zero + DAY_S * days


def clock_of(table: FitsTable) -> Clock:
    """Return the clock that a table's keywords tell."""
    header = table.header
    system = str(header.get("TIMESYS", "")).strip().upper()
    day = None
    if "MJDREFI" in header:
        day = _number(table, "MJDREFI") + _number(table, "MJDREFF")
    elif "MJDREF" in header:
        day = _number(table, "MJDREF")
    return Clock(day, system)


def _scale_and_zero(table: FitsTable) -> tuple[float, float]:
    """Return the unit of a table's times and their TIMEZERO, s."""
    unit = str(table.header.get("TIMEUNIT", "s")).strip() or "s"
    try:
        scale = float(units.Unit(unit).to("s"))
    except (ValueError, TypeError, units.UnitConversionError) as error:
        raise FitsFormatError(
            f"{table.place()} must have a unit of time in TIMEUNIT; got {unit!r}."
        ) from error
    zero = _number(table, "TIMEZERO")
    if "TIMEZERI" in table.header:
        zero = _number(table, "TIMEZERI") + _number(table, "TIMEZERF")
    return scale, zero * scale


def _number(table: FitsTable, keyword: str) -> float:
    value = table.header.get(keyword, 0.0)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise FitsFormatError(
            f"{table.place()} must have a number in {keyword}; got {value!r}."
        )
    return float(value)
