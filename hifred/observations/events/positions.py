"""Positions of events: sky coordinates from pixels with a WCS, or from angles."""

import numpy as np
from astropy.coordinates import FK4, FK5, ICRS, Galactic, SkyCoord
from astropy.io import fits
from astropy.time import Time
from astropy.wcs import WCS

from hifred.observations.formats.fits_files import FitsFormatError
from hifred.observations.formats.fits_tables import FitsTable, number_or_none
from hifred.observations.geometry.celestial import (
    celestial_wcs,
    check_complete,
    check_keywords,
    pixel_list_wcs,
)

ANGLES = {("RA", "DEC"), ("GLON", "GLAT")}
# Equinoxes from this year on are of the FK5 where RADESYS is missing.
FIRST_FK5 = 1984.0
# Keywords of the frame that an image header shares with an event list's.
FRAME_KEYWORDS = ("RADESYS", "RADECSYS", "EQUINOX", "EPOCH", "LONPOLE", "LATPOLE")
REFERENCE = (("CTYP", "CTYPE"), ("CRVL", "CRVAL"), ("CRPX", "CRPIX"),
             ("CDLT", "CDELT"), ("CUNI", "CUNIT"), ("CROT", "CROTA"))  # fmt: skip

NEEDED = ("CRVL", "CRPX", "CDLT")


def event_positions(
    table: FitsTable, x_name: str, y_name: str, rows: np.ndarray
) -> SkyCoord | None:
    """Return the positions of some rows of an event list; None for detector pixels.

    Parameters
    ----------
    table : FitsTable
    x_name, y_name : str
        Columns: pixels with WCS keywords, or angles RA, DEC or GLON, GLAT.
    rows : (event,) bool array
        Rows wanted.

    Raises
    ------
    FitsFormatError
        If the columns X and Y have no WCS, or the frame is unknown.
    """
    names = (x_name.upper(), y_name.upper())
    if names in ANGLES:
        lon, lat = (table.quantity_or_nan(n, "deg")[rows] for n in (x_name, y_name))
        _check_latitudes(table, y_name, lat)
        return SkyCoord(lon, lat, unit="deg", frame=_angles_frame(table, names[0]))
    wcs = _wcs(table, x_name, y_name)
    if wcs is None:
        return None
    x, y = (table.numbers_or_nan(name)[rows] for name in (x_name, y_name))
    return SkyCoord(wcs.pixel_to_world(x - 1, y - 1))


def _check_latitudes(table: FitsTable, name: str, latitude: np.ndarray) -> None:
    beyond = latitude[np.abs(latitude) > 90]
    if beyond.size:
        raise FitsFormatError(
            f"{table.place(name)} must be from -90 to 90 deg; got {beyond[0]:g}. Check "
            "its unit, or give other coordinates."
        )


def _angles_frame(table: FitsTable, longitude: str) -> FK4 | FK5 | ICRS | Galactic:
    if longitude == "GLON":
        return Galactic()
    header = table.header
    check_keywords(header, table.place())
    equinox = number_or_none(header, "EQUINOX") or number_or_none(header, "EPOCH")
    named = str(header.get("RADESYS", header.get("RADECSYS", ""))).strip().upper()
    system = named or _usual_system(equinox)
    frames = {"ICRS": ICRS, "FK5": FK5, "FK4": FK4}
    if system not in frames:
        raise FitsFormatError(
            f"{table.place()} must have RADESYS {', '.join(frames)}; got {system!r}."
        )
    if system == "ICRS" or equinox is None:
        return frames[system]()
    form = "byear" if system == "FK4" else "jyear"
    return frames[system](equinox=Time(equinox, format=form))


def _usual_system(equinox: float | None) -> str:
    """Return what RADESYS is where it is not told (FITS standard, section 8.3)."""
    if equinox is None:
        return "ICRS"
    return "FK4" if equinox < FIRST_FK5 else "FK5"


def _wcs(table: FitsTable, x_name: str, y_name: str) -> WCS | None:
    columns = [table.number(x_name), table.number(y_name)]
    wcs = pixel_list_wcs(table.header, columns, table.place())
    if wcs is None and "REFXCTYP" in table.header:
        needed = [(f"REF{axis}{key}",) for axis in "XY" for key in NEEDED]
        check_complete(table.header, table.place(), needed)
        wcs = celestial_wcs(_reference_header(table.header), table.place(x_name))
    if wcs is None and (x_name.upper(), y_name.upper()) == ("X", "Y"):
        raise FitsFormatError(
            f"{table.place(x_name)} must have WCS keywords (TCTYP{columns[0]}, "
            "TCRVL, TCRPX, TCDLT, or REFXCTYP and so on); it has none."
        )
    return wcs


def _reference_header(header: fits.Header) -> fits.Header:
    """Return the keywords REFXCTYP and so on of the SAS as those of an image."""
    names = {key: key for key in FRAME_KEYWORDS}
    for axis, letter in enumerate("XY", start=1):
        names |= {f"REF{letter}{key}": f"{plain}{axis}" for key, plain in REFERENCE}
    return fits.Header(
        {new: header[old] for old, new in names.items() if old in header}
    )
