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
LINE_COLUMNS = ("energy", "rooted", "value")
AREA_COLUMNS = ("energy", "lower", "upper")


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
            role: ColumnDataSource(_empty(LINE_COLUMNS), name=f"spectrum-{role}")
            for role in ROLES
        }
        self._areas = {role: ColumnDataSource(_empty(AREA_COLUMNS)) for role in ROLES}
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
        for role in ROLES:
            self._draw(role)
        self.figure.legend.click_policy = "hide"
        self.figure.legend.location = "top_right"
        self.figure.legend.label_text_font_size = "10px"

    def show(self, spectra: dict[str, Spectrum], *, title: str) -> None:
        """Show the spectra by role; the roles that are absent are emptied."""
        for role, source in self.sources.items():
            spectrum = spectra.get(role)
            source.data = _line(spectrum) if spectrum else _empty(LINE_COLUMNS)
            has_area = spectrum and spectrum.has_errors
            self._areas[role].data = (
                _area(spectrum) if spectrum and has_area else _empty(AREA_COLUMNS)
            )
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

    def _draw(self, role: str) -> None:
        source, colour = self.sources[role], ROLE_COLOURS[role]
        # `varea_step` would do it, but without data it hangs the browser (Bokeh 3.9).
        self.figure.varea(
            x="energy", y1="lower", y2="upper", source=self._areas[role],
            fill_color=colour, fill_alpha=0.2,
        )  # fmt: skip
        self.figure.step(
            x="energy", y="rooted", mode="after", source=source, line_color=colour,
            line_width=WIDTHS.get(role, 1.0), line_dash=DASHES.get(role, "solid"),
            legend_label=role.replace("_", " "),
        )  # fmt: skip


def _empty(columns: tuple[str, ...]) -> dict[str, np.ndarray]:
    return {name: np.empty(0) for name in columns}


def _line(spectrum: Spectrum) -> dict[str, np.ndarray]:
    """Return the columns of a step line; the last bin is said twice, to end it."""
    value = np.append(spectrum.values, spectrum.values[-1:])
    return {"energy": spectrum.edges, "value": value, "rooted": signed_root(value)}


def _area(spectrum: Spectrum) -> dict[str, np.ndarray]:
    """Return the columns of an area with steps: each inner edge twice."""
    return {
        "energy": np.repeat(spectrum.edges, 2)[1:-1],
        "lower": np.repeat(signed_root(np.maximum(spectrum.lower, 0)), 2),
        "upper": np.repeat(signed_root(spectrum.upper), 2),
    }
