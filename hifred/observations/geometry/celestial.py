"""The gate for positions: a celestial WCS whose frame astropy can transform."""

import re
import warnings
from collections.abc import Mapping, Sequence

import numpy as np
from astropy.io import fits
from astropy.utils.exceptions import AstropyWarning
from astropy.wcs import WCS
from astropy.wcs.utils import wcs_to_celestial_frame

from hifred.errors import HifredError

FRAMES = "ICRS, FK5, FK4 (RADESYS, EQUINOX), galactic (GLON, GLAT) or ecliptic"
# Frames that astropy knows but that do not stand still on the sky.
MOVING = {"itrs"}
# Keywords of a frame in a table's header, and what they are for a column.
LIST_KEYWORDS = (
    ("RADESYS", "RADE"), ("RADECSYS", "RADE"), ("EQUINOX", "EQUI"), ("EPOCH", "EQUI"),
)  # fmt: skip
TEXTS = re.compile(r"T?(CTYPE?|CUNIT?)\d+|TCTYP\d+|TCUNI\d+|RADESYS|RADECSYS|RADE\d+")
NUMBERS = re.compile(
    r"T?(CRVA?L|CRPI?X|CDE?LT|CROT)A?\d+|(CD|PC|TC|TP)\d+_\d+|EQUINOX|LONPOLE|LATPOLE"
)


def celestial_wcs(header: fits.Header, place: str) -> WCS | None:
    """Return the celestial WCS of a header's first two axes; None if it has none.

    Parameters
    ----------
    header : fits.Header
        Of an image, or with the keywords of an image.
    place : str
        File and extension, for the error.

    Raises
    ------
    HifredError
        If the keywords make no WCS, or its frame is unknown. The error names them.
    """
    if "CTYPE1" not in header:
        return None
    wcs = checked_wcs(header, place, ("CTYPE1", "CTYPE2"), {"naxis": 2})
    if wcs is not None:
        check_complete(header, place, [
            alternatives
            for i in (1, 2)
            for alternatives in (
                (f"CRVAL{i}",),
                (f"CRPIX{i}",),
                (f"CDELT{i}", *(f"{m}{i}_{j}" for m in ("CD", "PC") for j in (1, 2))),
            )
        ])  # fmt: skip
    return wcs


def check_complete(
    header: fits.Header, place: str, needed: Sequence[tuple[str, ...]]
) -> None:
    """Raise unless one keyword of each group is there.

    The standard has values for those that are missing, but nobody means a pixel of one
    degree at right ascension 0.
    """
    for alternatives in needed:
        if not any(key in header for key in alternatives):
            raise HifredError(
                f"{place} must have {alternatives[0]} for its place on the sky; it has "
                "none. Add it, or give a grid."
            )


def pixel_list_wcs(
    header: fits.Header, columns: Sequence[int], place: str
) -> WCS | None:
    """Return the celestial WCS of two columns of an event list; None if it has none.

    Parameters
    ----------
    header : fits.Header
        Of the table, with TCTYPn and so on.
    columns : (int, int)
        Numbers of the columns x and y, from 1.
    place : str
        File and extension, for the error.
    """
    x, y = columns
    if f"TCTYP{x}" not in header or f"TCTYP{y}" not in header:
        return None
    options = {"keysel": ["pixel"], "colsel": [x, y]}
    named = header.copy()
    # In the keywords of a column; astropy takes those of the whole table for no list's.
    for key, own in LIST_KEYWORDS:
        if key in header and f"{own}{x}" not in named:
            named[f"{own}{x}"] = header[key]
    wcs = checked_wcs(named, place, (f"TCTYP{x}", f"TCTYP{y}"), options)
    if wcs is not None:
        check_complete(header, place, [
            alternatives
            for i in columns
            for alternatives in (
                (f"TCRVL{i}", f"TCRV{i}"),
                (f"TCRPX{i}", f"TCRP{i}"),
                (f"TCDLT{i}", f"TCDE{i}",
                 *(f"{m}{i}_{j}" for m in ("TC", "TP", "TCD", "TPC") for j in columns)),
            )
        ])  # fmt: skip
    return wcs


def check_keywords(header: fits.Header, place: str) -> None:
    """Raise unless the keywords of the WCS are numbers, and texts, where they must be.

    wcslib passes over those that are not.
    """
    for key, value in header.items():
        if TEXTS.fullmatch(key) and not isinstance(value, str):
            raise HifredError(f"{place} must have a text in {key}; got {value!r}.")
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if NUMBERS.fullmatch(key) and not (is_number and np.isfinite(value)):
            raise HifredError(f"{place} must have a number in {key}; got {value!r}.")


def checked_wcs(
    header: fits.Header,
    place: str,
    axes: tuple[str, str],
    options: Mapping[str, object],
) -> WCS | None:
    """Return a celestial WCS in a known frame, None where the axes are not celestial.

    Parameters
    ----------
    header : fits.Header
    place : str
    axes : (str, str)
        Keywords that name the two axes, for the error.
    options : mapping
        How `WCS` reads the header.
    """
    check_keywords(header, place)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AstropyWarning)
            wcs = WCS(header, fix=False, **options)
            if not wcs.has_celestial:
                _refuse_unknown(header, place, axes)
                return None
            frame = wcs_to_celestial_frame(wcs.celestial)
            has_distortion = wcs.has_distortion
    except (ValueError, TypeError, KeyError) as error:
        if isinstance(error, HifredError):
            raise
        raise _no_frame(header, place, axes, error) from error
    if has_distortion:
        raise HifredError(
            f"{place} must have no distortion (A_ORDER, CPDIS1 and so on): sky pixels "
            "are taken as equal. Reproject it, or take the keywords away if they are "
            "left over."
        )
    if frame.name in MOVING:
        raise _no_frame(header, place, axes, None)
    return wcs.celestial


def _refuse_unknown(header: fits.Header, place: str, axes: tuple[str, str]) -> None:
    """Refuse longitudes and latitudes that astropy takes for no sky at all."""
    kinds = [str(header[axis])[1:4] for axis in axes]
    if sorted(kinds) == ["LAT", "LON"]:
        raise _no_frame(header, place, axes, None)


def _no_frame(
    header: fits.Header, place: str, axes: tuple[str, str], error: Exception | None
) -> HifredError:
    found = [f"{key} {header[key]!r}" for key in (*axes, "RADESYS", "RADECSYS",
             "EQUINOX") if key in header]  # fmt: skip
    reason = "" if error is None else f" ({str(error).splitlines()[0].rstrip('.')})"
    return HifredError(
        f"{place} must be in a known celestial frame, {FRAMES}; got "
        f"{', '.join(found)}{reason}. Correct the keywords, or reproject the file."
    )
