"""The spectra of the selected region, of every cube that is shown."""

from typing import final

import numpy as np
from bokeh.models import BoxAnnotation, ColumnDataSource, Range1d
from bokeh.plotting import figure

from hifred.explore.drawing import signed_root, squared_ticks
from hifred.plots.labels import (
    SURFACE_BRIGHTNESS,
    SURFACE_BRIGHTNESS_UNIT,
    plain_unit,
)
from hifred.plots.layers import Spectrum
from hifred.plots.style import ROLE_COLOURS

ROLES = ("spectrometer", "imager", "truth", "fusion", "second_fusion")
WIDTHS = {"truth": 3.0, "fusion": 1.6, "second_fusion": 1.6}
DASHES = {"second_fusion": "dashed"}
UNIT = plain_unit(SURFACE_BRIGHTNESS_UNIT)
COLUMNS = ("energy", "rooted", "lower", "upper", "value")


@final
class SpectrumView:
    """Step lines on a square-root axis, with the Poisson interval of the counts.

    Parameters
    ----------
    width : int
        Pixels on the screen.
    """

    def __init__(self, width: int = 1180) -> None:
        self.sources = {
            role: ColumnDataSource(_no_spectrum(), name=f"spectrum-{role}")
            for role in ROLES
        }
        self.band = BoxAnnotation(
            fill_color="#999999", fill_alpha=0.18, left=0, right=0
        )
        self.figure = figure(
            name="spectrum",
            width=width,
            height=285,
            tools="tap,xbox_select,xpan,xwheel_zoom,reset",
            active_drag="xbox_select",
            toolbar_location=None,
            x_range=Range1d(0, 1),
            y_range=Range1d(0, 1),
            x_axis_label="energy (keV)",
            y_axis_label=f"{SURFACE_BRIGHTNESS} ({UNIT})",
        )
        self.figure.yaxis.formatter = squared_ticks()
        self.figure.yaxis.axis_label_text_font_size = "10px"
        self.figure.axis.axis_label_text_font_style = "normal"
        self.figure.add_layout(self.band)
        self._drawn = {role: self._draw(role) for role in ROLES}
        self.figure.legend.click_policy = "hide"
        self.figure.legend.location = "top_right"
        self.figure.legend.label_text_font_size = "10px"

    def show(self, spectra: dict[str, Spectrum], *, title: str) -> None:
        """Show the spectra by role; the roles that are absent are emptied."""
        for role, source in self.sources.items():
            source.data = _columns(spectra[role]) if role in spectra else _no_spectrum()
        tops = [np.nanmax(spectrum.values) for spectrum in spectra.values()]
        self.figure.y_range.update(
            start=0.0, end=float(1.08 * np.sqrt(max([*tops, 1e-300])))
        )
        self.figure.title.text = title
        for role, item in zip(ROLES, self.figure.legend[0].items, strict=True):
            item.visible = role in spectra

    def name(self, labels: dict[str, str]) -> None:
        """Set the names in the legend, by role."""
        for role, item in zip(ROLES, self.figure.legend[0].items, strict=True):
            item.label = {"value": labels.get(role, role.replace("_", " "))}

    def mark_band(self, band: tuple[float, float]) -> None:
        """Shade the energies that the maps add up."""
        self.band.update(left=band[0], right=band[1])

    def _draw(self, role: str) -> object:
        source, colour = self.sources[role], ROLE_COLOURS[role]
        self.figure.varea_step(
            x="energy", y1="lower", y2="upper", step_mode="after",
            source=source, fill_color=colour, fill_alpha=0.2,
        )  # fmt: skip
        return self.figure.step(
            x="energy", y="rooted", mode="after", source=source, line_color=colour,
            line_width=WIDTHS.get(role, 1.0), line_dash=DASHES.get(role, "solid"),
            legend_label=role.replace("_", " "),
        )  # fmt: skip


def _no_spectrum() -> dict[str, np.ndarray]:
    return {name: np.empty(0) for name in COLUMNS}


def _columns(spectrum: Spectrum) -> dict[str, np.ndarray]:
    """Return the columns; the last bin is said twice, to end its step."""
    closed = [
        np.append(part, part[-1:])
        for part in (spectrum.values, spectrum.lower, spectrum.upper)
    ]
    value, lower, upper = closed
    return {
        "energy": spectrum.edges,
        "value": value,
        "rooted": signed_root(value),
        "lower": signed_root(np.maximum(lower, 0)),
        "upper": signed_root(upper),
    }
