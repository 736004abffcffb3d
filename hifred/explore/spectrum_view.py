"""The spectra of the selected region, of every cube that is shown."""

from collections.abc import Iterator, Mapping
from typing import final

import numpy as np
from bokeh.events import MouseLeave, MouseMove
from bokeh.models import (
    BoxAnnotation,
    BoxSelectTool,
    ColumnDataSource,
    CustomJS,
    Label,
    LegendItem,
    Range1d,
    ResetTool,
    Span,
    WheelZoomTool,
)
from bokeh.plotting import figure

from hifred.explore.drawing import signed_root, squared_ticks
from hifred.explore.energy_axis import EnergyAxis
from hifred.explore.instrument_views import words_of
from hifred.explore.step_figure import steps
from hifred.plots.labels import (
    SURFACE_BRIGHTNESS,
    SURFACE_BRIGHTNESS_UNIT,
    plain_unit,
)
from hifred.plots.layers import Spectrum

MOST_STEPS = 1000
WIDTHS = {"truth": 2.5, "fusion": 1.6, "second_fusion": 1.6}
DASHES = {"second_fusion": "dashed"}
UNIT = plain_unit(SURFACE_BRIGHTNESS_UNIT)
LINE_COLUMNS = ("x", "rooted", "value", "lower", "upper")
AREA_COLUMNS = ("x", "lower", "upper")


@final
class SpectrumView:
    """Step lines on a square-root axis, with the interval of what has errors.

    Parameters
    ----------
    colours : mapping of view to colour
        In the order in which their lines are drawn.
    """

    def __init__(self, colours: Mapping[str, str]) -> None:
        self.sources = {
            view: ColumnDataSource(_empty(LINE_COLUMNS), name=f"spectrum-{view}")
            for view in colours
        }
        self._areas = {view: ColumnDataSource(_empty(AREA_COLUMNS)) for view in colours}
        self._shown: dict[str, tuple[Spectrum, EnergyAxis] | None]
        self._shown = dict.fromkeys(colours)
        self.axis = EnergyAxis()
        self.mark = Span(dimension="height", line_dash="dotted", visible=False)
        self._mark_name = Label(x=0, y=4, y_units="screen", text="", visible=False)
        self.band = BoxAnnotation(
            fill_color="#999999", fill_alpha=0.18, left=0, right=0
        )
        self.figure = _empty_figure()
        self._add_tools()
        self._make_quiet()
        for view, colour in colours.items():
            self._draw(view, colour)
        # The page draws it: inside it would hide lines and repaint them with each name.
        self.figure.legend.visible = False
        for view, item in self._legend_items:
            item.tags = [view]
        self._tell_the_page()

    def show(self, spectra: dict[str, Spectrum], *, title: str) -> None:
        """Show the spectra by view; the views that are absent are emptied."""
        for view, shown in self._shown.items():
            found = (spectra[view], self.axis) if view in spectra else None
            if found != shown:
                self._shown[view] = found
                self._show_line(view, spectra.get(view))
        tops = [np.nanmax(spectrum.values) for spectrum in spectra.values()]
        top = float(1.08 * np.sqrt(max([*tops, 1e-300])))
        self.figure.y_range.update(start=0.0, end=top, reset_start=0.0, reset_end=top)
        self.figure.title.text = title
        for view, item in self._legend_items:
            item.visible = view in spectra

    def name(self, labels: dict[str, str]) -> None:
        """Set the names in the legend, by view."""
        for view, item in self._legend_items:
            item.label = {"value": labels.get(view, words_of(view))}

    def mark_band(self, band: tuple[float, float]) -> None:
        """Shade the energies that the maps add up."""
        left, right = sorted(self.axis.places(np.array(band)))
        self.band.update(left=left, right=right)

    def fit(self, energies: tuple[float, float], axis: EnergyAxis) -> None:
        """Show a range of energies (keV) on an axis, and its line."""
        self.axis = axis
        start, end = sorted(axis.places(np.array(energies)))
        self.figure.x_range.update(
            start=start, end=end, reset_start=start, reset_end=end
        )
        self.figure.xaxis.axis_label = axis.label
        has_line = bool(np.isfinite(axis.observed_kev))
        for part in (self.mark, self._mark_name):
            part.visible = has_line
        if has_line:
            place = float(axis.places(np.array(axis.observed_kev)))
            self.mark.location = self._mark_name.x = place
            self._mark_name.text = axis.line

    @property
    def _legend_items(self) -> Iterator[tuple[str, LegendItem]]:
        return zip(self.sources, self.figure.legend[0].items, strict=True)

    def _show_line(self, view: str, spectrum: Spectrum | None) -> None:
        self.sources[view].data = (
            _line(spectrum, self.axis) if spectrum else _empty(LINE_COLUMNS)
        )
        has_area = spectrum is not None and spectrum.has_errors
        if spectrum is not None and has_area:
            self._areas[view].data = _area(spectrum, self.axis)
        elif len(self._areas[view].data["x"]):
            self._areas[view].data = _empty(AREA_COLUMNS)

    def _add_tools(self) -> None:
        box = BoxSelectTool(dimensions="width")
        wheel = WheelZoomTool(dimensions="width")
        self.figure.add_tools(box, wheel, ResetTool())
        self.figure.toolbar.update(active_drag=box, active_scroll=wheel)

    def _make_quiet(self) -> None:
        self.figure.yaxis.formatter = squared_ticks()
        self.figure.axis.axis_label_text_font_size = "10px"
        self.figure.axis.axis_label_text_font_style = "normal"
        self.figure.title.text_font_size = "12px"
        self.figure.background_fill_color = None
        for part in (self.band, self.mark, self._mark_name):
            self.figure.add_layout(part)
        self._mark_name.text_font_size = "10px"

    def _draw(self, view: str, colour: str) -> None:
        source = self.sources[view]
        # `varea_step` would do it, but without data it hangs the browser (Bokeh 3.9).
        area = self.figure.varea(
            x="x", y1="lower", y2="upper", source=self._areas[view],
            fill_color=colour, fill_alpha=0.2,
        )  # fmt: skip
        line = self.figure.step(
            x="x", y="rooted", mode="after", source=source, line_color=colour,
            line_width=WIDTHS.get(view, 1.0), line_dash=DASHES.get(view, "solid"),
            legend_label=words_of(view),
        )  # fmt: skip
        area.tags = line.tags = [f"line-{view}"]

    def _tell_the_page(self) -> None:
        arguments = {"legend": self.figure.legend[0], **self.sources}
        arguments["axis"] = self.figure.xaxis[0]
        sources = f"[{', '.join(self.sources)}]"
        code = f"explorer.readSpectrum(cb_obj, {sources}, legend, axis, '{UNIT}')"
        self.figure.js_on_event(MouseMove, CustomJS(args=arguments, code=code))
        self.figure.js_on_event(MouseLeave, CustomJS(code="explorer.readNothing()"))


def _empty_figure() -> figure:
    return figure(
        name="spectrum",
        height=300,
        sizing_mode="stretch_width",
        tools="",
        toolbar_location=None,
        x_range=Range1d(0, 1),
        y_range=Range1d(0, 1),
        y_axis_label=f"{SURFACE_BRIGHTNESS} ({UNIT})",
        min_border_left=70,
    )


def _empty(columns: tuple[str, ...]) -> dict[str, np.ndarray]:
    return {name: np.empty(0) for name in columns}


def _line(spectrum: Spectrum, axis: EnergyAxis) -> dict[str, np.ndarray]:
    x, values, lower, upper = steps(
        axis, spectrum.edges, spectrum.values, spectrum.lower, spectrum.upper
    )
    return {
        "x": x, "rooted": signed_root(values), "value": values,
        "lower": lower, "upper": upper,
    }  # fmt: skip


def _area(spectrum: Spectrum, axis: EnergyAxis) -> dict[str, np.ndarray]:
    """Return the columns of an area with steps: each inner edge twice.

    Of many bins no step is seen: the area between the outermost ends of a few
    neighbours each takes a fifth of the time to draw.
    """
    if spectrum.values.size > MOST_STEPS:
        starts = np.arange(
            0, spectrum.values.size, spectrum.values.size // MOST_STEPS + 1
        )
        return {
            "x": axis.places(spectrum.energy[starts]),
            "lower": signed_root(
                np.minimum.reduceat(np.maximum(spectrum.lower, 0), starts)
            ),
            "upper": signed_root(np.maximum.reduceat(spectrum.upper, starts)),
        }
    return {
        "x": axis.places(np.repeat(spectrum.edges, 2)[1:-1]),
        "lower": np.repeat(signed_root(np.maximum(spectrum.lower, 0)), 2),
        "upper": np.repeat(signed_root(spectrum.upper), 2),
    }
