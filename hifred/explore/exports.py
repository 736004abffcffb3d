"""What is shown, as files: spectra as CSV, maps and spectra as FITS."""

import csv
import io
from typing import TYPE_CHECKING, Any

import numpy as np
from astropy.io import fits

from hifred.explore.instrument_views import by_view
from hifred.explore.maps_panel import FUSION_LESS_TRUTH
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
    for view, words in (_instruments(explorer) | explorer.spectrum_kinds()).items():
        text.write(f"# {view}: {words}\n")
    text.write(f"# unit: {SURFACE_BRIGHTNESS_UNIT}\n")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("cube", *COLUMNS))
    for view, spectrum in explorer.shown_spectra().items():
        rows = np.stack(_columns(spectrum), axis=1)
        writer.writerows((view, *(repr(float(v)) for v in row)) for row in rows)
    return text.getvalue().encode()


def shown_fits(explorer: "Explorer") -> bytes:
    """Return the maps and the spectra that are shown as FITS extensions."""
    fields = _fields(explorer)
    parts: list[Any] = [fits.PrimaryHDU()]
    for name, view in explorer.maps.views.items():
        if images := view.source.data["value"]:
            parts.append(_image(name, images[0], fields.get(name), explorer))
    spectra = explorer.shown_spectra()
    corrected = explorer.corrected.of(explorer.view, explorer.place)
    parts += [_table(k, v, is_corrected=k in corrected) for k, v in spectra.items()]
    for key, label in _instruments(explorer).items():
        for part in parts:
            if part.name in {key.upper(), f"SPECTRUM_{key.upper()}"}:
                part.header["INSTRUME"] = label
    for key, value in _facts(explorer).items():
        parts[0].header[key[:8].upper()] = value
    file = io.BytesIO()
    fits.HDUList(parts).writeto(file)
    return file.getvalue()


def _instruments(explorer: "Explorer") -> dict[str, str]:
    """Return the label of the instrument of each view."""
    counts = explorer.shelf.counts(explorer.model)
    return {view: layer.label for view, layer in by_view(counts, counts).items()}


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
    is_in_noise = explorer.view.residual != FUSION_LESS_TRUTH
    has_unit = not (name.endswith("residual") and is_in_noise)
    hdu.header["BUNIT"] = SURFACE_BRIGHTNESS_UNIT if has_unit else ""
    hdu.header["E_LOW"], hdu.header["E_HIGH"] = explorer.view.band
    return hdu


def _table(view: str, spectrum: Spectrum, *, is_corrected: bool) -> fits.BinTableHDU:
    units = ("keV", "keV", *[SURFACE_BRIGHTNESS_UNIT] * 3)
    columns = [
        fits.Column(name, "D", unit=unit, array=values)
        for name, unit, values in zip(COLUMNS, units, _columns(spectrum), strict=True)
    ]
    table = fits.BinTableHDU.from_columns(columns, name=f"SPECTRUM_{view.upper()}")
    table.header["CORRECTD"] = is_corrected, "for what a prior moved between regions"
    return table


def _fields(explorer: "Explorer") -> dict[str, SkyField]:
    """Return the pixels of the maps that have a place on the sky, by view."""
    shelf, view = explorer.shelf, explorer.view
    if not explorer.sky.is_known:
        return {}
    found = shelf.input(explorer.model)
    seen = by_view(shelf.counts(explorer.model), found.observations)
    fields = {name: instrument_field(data) for name, data in seen.items()}
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
