"""What a file is: its type, instrument, frame, band and what the filters keep."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from astropy.io import fits

from hifred.errors import HifredError
from hifred.observations.events.event_list import Events, read_events
from hifred.observations.formats.extension_names import extension_name
from hifred.observations.formats.fits_files import FitsFormatError, open_fits
from hifred.observations.formats.fits_images import read_sky_image
from hifred.observations.formats.ogip import read_arf, read_rmf
from hifred.observations.formats.pha import read_pha

Facts = dict[str, object]


def inspect_file(path: str | Path) -> Facts:
    """Return what a file holds, as `hifred prepare` would read it.

    Parameters
    ----------
    path : str or Path
        FITS file, or ``file[NAME]``.

    Returns
    -------
    dict
        ``file``, ``kind`` (events, image, cube, redistribution, area, spectrum or
        unknown), and what is known of that kind. Of events, ``cuts`` has one row per
        filter in effect.

    Raises
    ------
    HifredError
        If it is no FITS file, or its kind is known and it cannot be read.
    """
    with open_fits(extension_name(path).path) as hdus:
        kind = _kind([hdu.header for hdu in hdus], [hdu.name.upper() for hdu in hdus])
        if kind == "image" and not any(h.is_image and h.size for h in hdus):
            kind = "unknown"
    return {"file": str(path), **_READERS[kind](path)}


def _kind(headers: list[fits.Header], names: list[str]) -> str:
    classes = {str(h.get(f"HDUCLAS{i}", "")).strip() for h in headers for i in (1, 2)}
    signs = {
        "events": "EVENTS",
        "redistribution": "RSP_MATRIX",
        "area": "SPECRESP",
        "spectrum": "SPECTRUM",
    }
    by_name = {"MATRIX": "redistribution", "SPECRESP MATRIX": "redistribution"}
    for kind, sign in signs.items():
        named = {k for k, v in by_name.items() if v == kind} | {sign}
        if sign in classes or named & set(names):
            return kind
    return "image"


def _events(path: str | Path) -> Facts:
    events = read_any_events(path)
    exposure = events.exposure_time
    facts: Facts = {"kind": "events", **_instrument(events.keywords)}
    if events.sky is not None and len(events.sky):
        facts["frame"] = events.sky.frame.name
        middle = events.sky[len(events.sky) // 2].icrs
        facts["a position (ICRS, deg)"] = middle.to_string("decimal")
    if len(events.energy):
        facts["band_kev"] = [float(events.energy.min()), float(events.energy.max())]
    if events.good_times is not None:
        facts["good times"] = f"{len(events.good_times.start)} intervals"
        facts["good_time_s"] = events.good_times.total
    facts |= {"exposure_time_s": exposure, "cuts": events.cuts.rows()}
    return facts | ({"notes": list(events.notes)} if events.notes else {})


def read_any_events(path: str | Path) -> Events:
    """Read an event list on the sky, or in detector pixels where it has no sky."""
    try:
        return read_events(path)
    except FitsFormatError as error:
        try:
            return read_events(path, coordinates=("DETX", "DETY"))
        except FitsFormatError:
            raise error from None


def _image(path: str | Path) -> Facts:
    image = read_sky_image(path, prefer_cube=True)
    finite = np.isfinite(image.values)
    facts: Facts = {
        "kind": "image" if image.edges is None else "cube",
        **_instrument(image.header),
        "unit": image.unit or "none",
        "pixels": str(image.grid),
        "frame": image.grid.centre.frame.name,
        "total": float(np.sum(image.values, where=finite, dtype=float)),
        "undefined values": int(np.sum(~finite)),
    }
    if image.edges is not None:
        facts["channels"] = len(image.edges) - 1
        facts["band_kev"] = [float(image.edges[0]), float(image.edges[-1])]
    return facts


def _redistribution(path: str | Path) -> Facts:
    rmf = read_rmf(path)
    return {
        "kind": "redistribution",
        **_instrument(rmf.keywords),
        "holds": "area as well" if rmf.kind == "FULL" else "probabilities",
        "channels": rmf.n_channels,
        "energies": len(rmf.energy_edges) - 1,
        "band_kev": [float(rmf.energy_edges[0]), float(rmf.energy_edges[-1])],
    }


def _area(path: str | Path) -> Facts:
    arf = read_arf(path)
    return {
        "kind": "area",
        **_instrument(arf.keywords),
        "energies": len(arf.effective_area),
        "band_kev": [float(arf.energy_edges[0]), float(arf.energy_edges[-1])],
        "largest_area_cm2": float(arf.effective_area.max()),
    }


def _spectrum(path: str | Path) -> Facts:
    spectrum = read_pha(path)
    return {
        "kind": "spectrum",
        **_instrument(spectrum.keywords),
        "channels": len(spectrum.counts),
        "total": float(spectrum.counts.sum()),
        "exposure_time_s": spectrum.exposure_time,
    }


def _unknown(path: str | Path) -> Facts:
    raise HifredError(
        f"{path} must hold events, an image, a response, an area or a spectrum; it "
        "has none of them that says so by its name or class."
    )


def _instrument(keywords: Mapping[str, object]) -> Facts:
    found = (str(keywords.get(key, "")).strip() for key in ("TELESCOP", "INSTRUME"))
    return {"instrument": " ".join(found).strip() or "not told"}


_READERS = {
    "events": _events, "image": _image, "redistribution": _redistribution,
    "area": _area, "spectrum": _spectrum, "unknown": _unknown,
}  # fmt: skip
