"""PHA and PI spectra: counts or rates per detector channel."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from typing import final

import numpy as np

from hifred.observations.formats.fits_files import FitsFormatError
from hifred.observations.formats.fits_tables import FitsTable, read_table
from hifred.observations.formats.ogip import kept_keywords

FILE_KEYWORDS = ("RESPFILE", "ANCRFILE", "BACKFILE")


@final
@dataclass(frozen=True)
class Spectrum:
    """A spectrum of one region, one value per channel.

    Parameters
    ----------
    channel : (channel,) int array
        Channel numbers, counting up by one.
    counts : (channel,) array, count
        Counts, or rate times exposure time.
    exposure_time : float, s
        Live time.
    error : (channel,) array, count, optional
        Standard deviations; None means Poisson or not known, see `is_poisson`.
    is_poisson : bool
        Whether the errors are those of Poisson counts.
    quality : (channel,) int array, optional
        0 is good.
    grouping : (channel,) int array, optional
        1 starts a group, -1 continues it.
    area_scale : float or (channel,) array
        AREASCAL, dimensionless.
    background_scale : float or (channel,) array
        BACKSCAL, the size of the region.
    files : mapping
        RESPFILE, ANCRFILE, BACKFILE, where named.
    keywords : mapping
        TELESCOP, INSTRUME and the like.
    """

    channel: np.ndarray
    counts: np.ndarray
    exposure_time: float
    error: np.ndarray | None = None
    is_poisson: bool = True
    quality: np.ndarray | None = None
    grouping: np.ndarray | None = None
    area_scale: float | np.ndarray = 1.0
    background_scale: float | np.ndarray = 1.0
    files: Mapping[str, str] = field(default_factory=dict)
    keywords: Mapping[str, object] = field(default_factory=dict)


def read_pha(path: str | PathLike[str]) -> Spectrum:
    """Read an OGIP type I spectrum.

    Parameters
    ----------
    path : path
        File with a table SPECTRUM: CHANNEL, and COUNTS or RATE.

    Raises
    ------
    FitsFormatError
        If the file is malformed or holds many spectra (type II). The error names
        file, extension and column.

    Notes
    -----
    Own code, 100 lines on astropy's tables: gammapy reads no AREASCAL column, no RATE,
    and no file without EBOUNDS.
    """
    table = read_table(path, ("SPECTRUM",), classes=("SPECTRUM",))
    channel = _read_channel(table)
    exposure_time = _read_exposure(table)
    is_rate = table.find("COUNTS") is None
    scale = exposure_time if is_rate else 1.0
    unit = "count/s" if is_rate else "count"
    quality = _optional_integers(table, "QUALITY")
    bad = np.zeros(len(channel), dtype=bool) if quality is None else quality != 0
    counts = _read_values(table, "RATE" if is_rate else "COUNTS", unit, bad) * scale
    error = None
    if table.find("STAT_ERR") is not None:
        error = _read_values(table, "STAT_ERR", unit, bad) * scale
    return Spectrum(
        channel=channel,
        counts=counts,
        exposure_time=exposure_time,
        error=error,
        is_poisson=_is_true(table, "POISSERR", error is None),
        quality=quality,
        grouping=_optional_integers(table, "GROUPING"),
        area_scale=_scale(table, "AREASCAL", bad),
        background_scale=_scale(table, "BACKSCAL", bad),
        files=_named_files(table.header),
        keywords=kept_keywords(table.header),
    )


def _read_channel(table: FitsTable) -> np.ndarray:
    if table.find("SPEC_NUM") is not None or np.ndim(table.raw("CHANNEL")) > 1:
        raise FitsFormatError(
            f"{table.place('CHANNEL')} must hold one spectrum (type I); this file "
            "holds one per row (type II). Split it first."
        )
    channel = table.integers("CHANNEL")
    if channel.size == 0 or np.any(np.diff(channel) != 1):
        raise FitsFormatError(
            f"{table.place('CHANNEL')} must count up by one; got {channel[:4]} ..."
        )
    return channel


def _is_true(table: FitsTable, name: str, default: bool) -> bool:
    value = table.header.get(name, default)
    if isinstance(value, str):  # some writers spell the logical value
        return value.strip().upper().startswith("T")
    return bool(value)


def _read_exposure(table: FitsTable) -> float:
    exposure_time = table.header.get("EXPOSURE")
    if not isinstance(exposure_time, int | float) or not exposure_time > 0:
        raise FitsFormatError(
            f"{table.place()} must have a keyword EXPOSURE above 0 s; got "
            f"{exposure_time!r}."
        )
    return float(exposure_time)


def _read_values(table: FitsTable, name: str, unit: str, bad: np.ndarray) -> np.ndarray:
    """Return a column; what bad channels hold is not looked at, and 0 if undefined."""
    values = table.quantity_or_nan(name, unit)
    values = np.where(bad & ~(values >= 0), 0.0, values)
    if not np.all(np.isfinite(values)):
        i = int(np.argmax(~np.isfinite(values)))
        raise FitsFormatError(
            f"{table.place(name)} must be finite; row {i} is {values[i]}. Mark its "
            "channel as bad (QUALITY) to leave it out."
        )
    if np.any(values < 0):
        i = int(np.argmax(values < 0))
        raise FitsFormatError(
            f"{table.place(name)} must not be negative; row {i} is {values[i]}. "
            "Give the background apart, not subtracted."
        )
    return values


def _optional_integers(table: FitsTable, name: str) -> np.ndarray | None:
    """Return a column, or a keyword that holds for all rows and says more than 0."""
    if table.find(name) is not None:
        return table.integers(name)
    value = int(table.keyword(name, 0))
    return np.full(len(table.data), value) if value else None


def _scale(table: FitsTable, name: str, bad: np.ndarray) -> float | np.ndarray:
    """Return AREASCAL or BACKSCAL, column or keyword; by OGIP 1 where there is none."""
    if table.find(name) is None:
        scale: float | np.ndarray = table.keyword(name, 1.0)
    else:
        values = table.numbers_or_nan(name)
        scale = np.where(bad & ~(values > 0), 1.0, values)
    if not np.all(np.asarray(scale) > 0):
        raise FitsFormatError(
            f"{table.place()} must have {name} above 0; got {np.min(scale):g}."
        )
    return scale


def _named_files(header: Mapping[str, object]) -> dict[str, str]:
    named = {key: str(header.get(key, "none")).strip() for key in FILE_KEYWORDS}
    return {
        key: name for key, name in named.items() if name.lower() not in ("none", "")
    }
