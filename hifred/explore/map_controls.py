"""Widgets of the maps: the band of energies, and how brightness becomes colour."""

from functools import partial
from typing import Any, Protocol, final

from bokeh.models import RadioButtonGroup, RangeSlider, Select, Spinner, TextInput

from hifred.errors import HifredError
from hifred.explore.drawing import COLOURMAPS
from hifred.explore.moment_view import MOMENTS
from hifred.explore.quiet import Quiet
from hifred.explore.stretch import PERCENTILES, STRETCHES
from hifred.explore.typed_line import find_line
from hifred.explore.view import View

NARROW = {"width": 130}
# What dragging on a map does; the page turns the tool of this name on.
DRAGS = ("box", "circle", "ellipse", "polygon", "move")


class Painter(Protocol):
    """Who is told of choices."""

    def choose_band(self, band: tuple[float, float]) -> None: ...
    def choose_line(self, line: str) -> None: ...
    def change(self, **changes: Any) -> None: ...
    def energy_range(self) -> tuple[float, float]: ...
    def residual_kinds(self) -> list[str]: ...
    def titles(self) -> dict[str, str]: ...


@final
class MapControls:
    """Selectors of energies, colours and the kind of residual.

    Parameters
    ----------
    explorer : Painter
    """

    def __init__(self, explorer: Painter) -> None:
        self._explorer = explorer
        self._quiet = Quiet()
        self._make_energies()
        self._make_colours()
        self._make_layers()
        self.drag = RadioButtonGroup(labels=list(DRAGS), active=0, name="drag")
        self._watch()

    def _make_energies(self) -> None:
        self.band = RangeSlider(
            title="energy band (keV)", start=0, end=1, value=(0, 1), step=0.001,
            show_value=False, sizing_mode="stretch_width", name="band",
        )  # fmt: skip
        self.typed_band = TextInput(
            title="band (keV) or line: 0.65-0.66, Fe XXV", width=220, name="typed-band"
        )

    def _make_layers(self) -> None:
        self.residual = Select(title="residual of", width=150, name="residual-of")
        self.smooth = Spinner(
            title="smoothing FWHM (″)", low=0, step=5, value=0, name="smooth", **NARROW
        )
        self.contours = Select(
            title="contours of", options=[("", "none")], name="contours", **NARROW
        )
        self.moment = Select(
            title="map of a moment", options=[("", "none"), *MOMENTS], width=170,
            name="moment-of",
        )  # fmt: skip

    def _make_colours(self) -> None:
        self.stretch = Select(
            title="brightness", options=list(STRETCHES), name="stretch", **NARROW
        )
        percents = [(f"{p:g}", f"{p:g} %" if p < 100 else "all") for p in PERCENTILES]
        self.percentile = Select(
            title="colours span", options=percents, name="percentile", **NARROW
        )
        self.colours = Select(
            title="colours", options=list(COLOURMAPS), name="colours", **NARROW
        )

    @property
    def drawn_kind(self) -> str:
        """What is drawn by dragging: box, circle, ellipse, polygon or move."""
        return DRAGS[self.drag.active]

    @property
    def roots(self) -> list[Any]:
        """All widgets."""
        return [
            self.band, self.typed_band, self.residual, self.stretch, self.percentile,
            self.colours, self.drag, self.smooth, self.contours, self.moment,
        ]  # fmt: skip

    def follow(self, view: View) -> None:
        """Show what is chosen, without choosing again."""
        with self._quiet.held():
            self._follow_band(view)
            self.residual.options = self._explorer.residual_kinds()
            self.residual.value = view.residual
            self.stretch.value, self.colours.value = view.stretch, view.colours
            self.percentile.value = f"{view.percentile:g}"
            self.smooth.value = view.smooth
            layers = self._explorer.titles().items()
            self.contours.options = [("", "none"), *layers]
            self.contours.value, self.moment.value = view.contours, view.moment

    def _follow_band(self, view: View) -> None:
        lower, upper = self._explorer.energy_range()
        step = (upper - lower) / 2000
        self.band.update(start=lower, end=upper, step=step, value=tuple(view.band))
        self.typed_band.value = band_text(view.band)

    def _watch(self) -> None:
        explorer, watch = self._explorer, self._quiet.watch
        watch(self.band, explorer.choose_band, "value_throttled")
        watch(self.typed_band, self._typed)
        watch(self.percentile, lambda new: explorer.change(percentile=float(new)))
        watch(self.smooth, lambda new: explorer.change(smooth=float(new or 0)))
        for widget, field in (
            (self.contours, "contours"),
            (self.moment, "moment"),
            (self.residual, "residual"),
            (self.stretch, "stretch"),
            (self.colours, "colours"),
        ):
            watch(widget, partial(_change, explorer, field))

    def _typed(self, text: str) -> None:
        band, line = read_band(text), find_line(text)
        try:
            if band is not None:
                self._explorer.choose_band(band)
            elif line is not None:
                self._explorer.choose_line(line)
            else:
                self._refuse(f"not a band: {text}")
        except HifredError as error:
            self._refuse(str(error))

    def _refuse(self, reason: str) -> None:
        with self._quiet.held():
            self.typed_band.update(value="", placeholder=reason)


def _change(explorer: Painter, field: str, new: object) -> None:
    explorer.change(**{field: new})


def read_band(text: str) -> tuple[float, float] | None:
    """Return the energies that were typed: two, or one for the bin that holds it."""
    words = text.replace("–", "-").replace("keV", "").replace("-", " ").split()
    try:
        numbers = sorted(float(word) for word in words)
    except ValueError:
        return None
    return (numbers[0], numbers[-1]) if len(numbers) in {1, 2} else None


def band_text(band: tuple[float, ...]) -> str:
    """Return a band as one types it."""
    return "-".join(f"{energy:.6g}" for energy in dict.fromkeys(band))
