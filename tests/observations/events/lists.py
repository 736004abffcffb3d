"""Small event lists, written with astropy alone."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from astropy.coordinates import SkyCoord
from astropy.io import fits

CENTRE = SkyCoord(83.0, 22.0, unit="deg")
STEP_DEG = 1 / 3600  # one arcsec
MIDDLE = 1000.5


def events_hdu(
    columns: Mapping[str, np.ndarray],
    *,
    frame: str = "icrs",
    spelling: str = "TCTYP",
    **keywords: object,
) -> fits.BinTableHDU:
    """A table EVENTS; X and Y get the WCS of a frame centred on CENTRE."""
    made = [
        fits.Column(name, _format(values), unit=_unit(name), array=values)
        for name, values in columns.items()
    ]
    hdu = fits.BinTableHDU.from_columns(made, name="EVENTS")
    hdu.header.update(TELESCOP="XMM", INSTRUME="EMOS1")
    names = list(columns)
    if "X" in names:
        hdu.header.update(_wcs(frame, spelling, names.index("X"), names.index("Y")))
    hdu.header.update(keywords)
    return hdu


def _format(values: np.ndarray) -> str:
    if np.ndim(values) == 2:
        return f"{values.shape[1]}X"
    return {"f": "D", "b": "L"}.get(np.asarray(values).dtype.kind, "J")


def _unit(name: str) -> str | None:
    return {"TIME": "s", "EPI": "eV", "ENERGY": "eV"}.get(name)


def _wcs(frame: str, spelling: str, i_x: int, i_y: int) -> dict[str, object]:
    there = CENTRE.transform_to(frame)
    longitude, latitude = there.spherical.lon.deg, there.spherical.lat.deg
    kinds = (
        ("GLON-TAN", "GLAT-TAN") if frame == "galactic" else ("RA---TAN", "DEC--TAN")
    )
    header: dict[str, object] = {}
    for axis, i, kind, value, step in (
        ("X", i_x, kinds[0], longitude, -STEP_DEG),
        ("Y", i_y, kinds[1], latitude, STEP_DEG),
    ):
        for key, entry in zip(
            ("CTYP", "CRVL", "CRPX", "CDLT"), (kind, value, MIDDLE, step), strict=True
        ):
            name = f"T{key}{i + 1}" if spelling == "TCTYP" else f"REF{axis}{key}"
            header[name] = entry
    if frame != "galactic":
        header["RADESYS"] = frame.upper()
    if frame == "fk4":
        header["EQUINOX"] = 1950.0
    return header


def pixels_of(sky: SkyCoord, frame: str) -> dict[str, np.ndarray]:
    """The columns X and Y of positions, by the formula of the gnomonic projection."""
    offset = sky.transform_to(frame)
    there = CENTRE.transform_to(frame)
    a = offset.spherical.lon.rad - there.spherical.lon.rad
    d, d0 = offset.spherical.lat.rad, there.spherical.lat.rad
    scale = np.sin(d) * np.sin(d0) + np.cos(d) * np.cos(d0) * np.cos(a)
    xi = np.cos(d) * np.sin(a) / scale
    eta = (np.sin(d) * np.cos(d0) - np.cos(d) * np.sin(d0) * np.cos(a)) / scale
    return {
        "X": MIDDLE - np.degrees(xi) / STEP_DEG,
        "Y": MIDDLE + np.degrees(eta) / STEP_DEG,
    }


def good_times_hdu(
    rows: Sequence[tuple[float, float]], name: str = "GTI", **keywords: object
) -> fits.BinTableHDU:
    """A table of good times, which says so by its class."""
    columns = [
        fits.Column(key, "D", unit="s", array=[row[i] for row in rows])
        for i, key in enumerate(("START", "STOP"))
    ]
    hdu = fits.BinTableHDU.from_columns(columns, name=name)
    hdu.header.update({"HDUCLASS": "OGIP", "HDUCLAS1": "GTI", **keywords})
    return hdu


def write(path: Path, *hdus: fits.BinTableHDU) -> Path:
    fits.HDUList([fits.PrimaryHDU(), *hdus]).writeto(path, overwrite=True)
    return path
