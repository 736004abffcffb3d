"""What is shown, as files: spectra as CSV, maps and spectra as FITS."""

import csv
import io
from typing import TYPE_CHECKING, Any

import numpy as np
from astropy.io import fits

from hifred.explore.place import place_words
from hifred.plots.labels import SURFACE_BRIGHTNESS_UNIT
from hifred.plots.layers import Spectrum
from hifred.regions import SkyField, fused_field, instrument_field

if TYPE_CHECKING:
    from hifred.explore.explorer import Explorer

COLUMNS = ("energy_low_kev", "energy_high_kev", "value", "lower", "upper")


def spectra_csv(explorer: "Explorer") -> bytes:
    """Return the spectra that are shown, one line a bin, as CSV.

    The first lines, which begin with ``#``, say what they are of.
    """
    text = io.StringIO()
    for name, value in _facts(explorer).items():
        text.write(f"# {name}: {value}\n")
    text.write(f"# unit: {SURFACE_BRIGHTNESS_UNIT}\n")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("cube", *COLUMNS))
    for role, spectrum in explorer.shown_spectra().items():
        rows = np.stack(_columns(spectrum), axis=1)
        writer.writerows((role, *(repr(float(v)) for v in row)) for row in rows)
    return text.getvalue().encode()


def shown_fits(explorer: "Explorer") -> bytes:
    """Return the maps and the spectra that are shown as FITS extensions."""
    fields = _fields(explorer)
    parts: list[Any] = [fits.PrimaryHDU()]
    for name, view in explorer.maps.views.items():
        if images := view.source.data["value"]:
            parts.append(_image(name, images[0], fields.get(name), explorer))
    parts += [
        _table(role, spectrum) for role, spectrum in explorer.shown_spectra().items()
    ]
    for key, value in _facts(explorer).items():
        parts[0].header[key[:8].upper()] = value
    file = io.BytesIO()
    fits.HDUList(parts).writeto(file)
    return file.getvalue()


def _facts(explorer: "Explorer") -> dict[str, str]:
    view = explorer.view
    low, high = view.band
    return {
        "trial": view.trial,
        "second": view.second or "none",
        "place": place_words(explorer.place).replace("″", " arcsec"),
        "band": f"{low:.9g} to {high:.9g} keV",
    }


def _columns(spectrum: Spectrum) -> tuple[np.ndarray, ...]:
    edges = spectrum.edges
    return edges[:-1], edges[1:], spectrum.values, spectrum.lower, spectrum.upper


def _image(
    name: str, values: np.ndarray, field: SkyField | None, explorer: "Explorer"
) -> fits.ImageHDU:
    is_placed = field is not None and field.grid.shape == values.shape
    header = field.grid.wcs.to_header() if field and is_placed else fits.Header()
    hdu = fits.ImageHDU(np.asarray(values), header, name=name.upper())
    is_residual = name.endswith("residual") and explorer.residual_is_in_noise
    hdu.header["BUNIT"] = "" if is_residual else SURFACE_BRIGHTNESS_UNIT
    hdu.header["E_LOW"], hdu.header["E_HIGH"] = explorer.view.band
    return hdu


def _table(role: str, spectrum: Spectrum) -> fits.BinTableHDU:
    units = ("keV", "keV", *[SURFACE_BRIGHTNESS_UNIT] * 3)
    columns = [
        fits.Column(name, "D", unit=unit, array=values)
        for name, unit, values in zip(COLUMNS, units, _columns(spectrum), strict=True)
    ]
    return fits.BinTableHDU.from_columns(columns, name=f"SPECTRUM_{role.upper()}")


def _fields(explorer: "Explorer") -> dict[str, SkyField]:
    """Return the pixels of the maps that have a place on the sky, by view."""
    shelf, view = explorer.shelf, explorer.view
    if not explorer.sky.is_known:
        return {}
    found = shelf.input(explorer.model)
    fields = {
        str(data.attrs["role"]): instrument_field(data)
        for data in found.observations.values()
    }
    for name, trial in (("fusion", view.trial), ("second_fusion", view.second)):
        if trial and shelf.is_done(trial):
            fields[name] = fused_field(shelf.trial(trial), found)
    if "fusion" in fields:
        fields["truth"] = fields["difference"] = fields["fusion"]
    if (kind := view.residual) in found.observations:
        fields["residual"] = fields["second_residual"] = instrument_field(
            found.observations[kind]
        )
    return fields
