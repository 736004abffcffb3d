"""One map of the explorer: an image, the selected region, or the word for no image."""

from typing import final

import numpy as np
from bokeh.events import MouseLeave, MouseMove
from bokeh.models import (
    BoxSelectTool,
    ColorBar,
    ColumnDataSource,
    CrosshairTool,
    CustomJS,
    Image,
    Label,
    Line,
    LinearColorMapper,
    MultiLine,
    PanTool,
    PolySelectTool,
    Range1d,
    ResetTool,
    WheelZoomTool,
)
from bokeh.models.tickers import BasicTicker, Ticker
from bokeh.plotting import figure

from hifred.explore.drawing import picture
from hifred.explore.stretch import ColourScale
from hifred.plots.style import NO_DATA_EDGE

N_STRIPES = 12
# The page fits the frames to the window; this is where they start.
SIDE = 200

Extent = tuple[float, float, float, float]


@final
class SharedParts:
    """What all maps share: ranges, cross-hair, outline of the region, place on the sky.

    Attributes
    ----------
    x, y : Range1d
        Offsets, arcsec.
    selection : ColumnDataSource
        Closed line around the selected region: x and y in arcsec.
    contours : ColumnDataSource
        Lines: xs and ys in arcsec.
    sky : ColumnDataSource
        Right ascension and declination (degrees) of a grid of offsets; empty without a
        WCS.
    """

    def __init__(self) -> None:
        self.x, self.y = Range1d(-1, 1), Range1d(-1, 1)
        self.selection = ColumnDataSource({"x": [], "y": []}, name="selection")
        self.contours = ColumnDataSource({"xs": [], "ys": []}, name="contours")
        self.sky = ColumnDataSource(
            {key: [] for key in ("ra", "dec", "x", "y")}, name="sky"
        )
        self.crosshair = CrosshairTool(line_color="#888888", line_width=1)

    @property
    def extent(self) -> Extent:
        """Outer edges of the whole field ``(left, right, bottom, top)``, arcsec."""
        x, y = self.x, self.y
        return x.reset_start, x.reset_end, y.reset_start, y.reset_end

    def fit(self, extent: Extent) -> None:
        """Show the whole of a field, unless it is the one that is shown."""
        if self.extent != extent:
            left, right, bottom, top = extent
            self.x.update(start=left, end=right, reset_start=left, reset_end=right)
            self.y.update(start=bottom, end=top, reset_start=bottom, reset_end=top)


@final
class MapView:
    """A figure with one image; all views share ranges and the selection.

    Parameters
    ----------
    name : str
        Name of the figure and, as ``NAME-data``, of its data source.
    mapper : LinearColorMapper
        Shared by all maps of one quantity.
    shared : SharedParts
    unit : str
        Told by the read-out.
    bar_ticker : Ticker, optional
        Places on the scale that a bar below the map explains; by default no bar.
    """

    def __init__(
        self,
        name: str,
        mapper: LinearColorMapper,
        shared: SharedParts,
        *,
        unit: str,
        bar_ticker: Ticker | None = None,
    ) -> None:
        self.name = name
        self._mapper = mapper
        self.source = ColumnDataSource(_no_image(), name=f"{name}-data")
        self.figure = figure(
            name=name,
            frame_width=SIDE,
            frame_height=SIDE,
            x_range=shared.x,
            y_range=shared.y,
            tools="",
            toolbar_location=None,
            min_border_left=45,
            min_border_right=12,
            tags=["map"],
        )
        self._add_tools(shared)
        self.image = self.figure.add_glyph(self.source, _image(mapper))
        self._hatch = _hatch(self.figure)
        self.bar = self._add_bar(mapper, bar_ticker) if bar_ticker else None
        _draw_lines(self.figure, shared)
        self._word = Label(
            x=0, y=0, text="", text_align="center", text_baseline="middle",
            background_fill_color="white", text_font_size="12px", name=f"{name}-word",
        )  # fmt: skip
        self.figure.add_layout(self._word)
        self._tell_the_page(shared, unit)
        _make_quiet(self.figure)

    @property
    def word(self) -> str:
        """Why there is no image; empty where there is one."""
        return str(self._word.text)

    @property
    def title(self) -> str:
        """What the map is called."""
        return str(self.figure.title.text)

    @property
    def picture(self) -> str:
        """The image as an address of a PNG; empty where there is none."""
        images = self.source.data["image"]
        return picture(images[0], self._mapper) if images else ""

    def show(
        self,
        image: np.ndarray,
        drawn: np.ndarray,
        extent: Extent,
        *,
        title: str,
        error: np.ndarray | None = None,
    ) -> None:
        """Show an image.

        Parameters
        ----------
        image, drawn : (y, x) arrays
            Values, and what stands for them on the scale of the colours.
        extent : (float, float, float, float)
            Outer edges, arcsec.
        title : str
        error : (y, x) array, optional
            Told by the read-out beside the values.
        """
        left, right, bottom, top = extent
        self.source.data = {
            "image": [np.asarray(drawn, dtype=np.float32)],
            "value": [np.asarray(image, dtype=np.float64)],
            "error": [error],
            "x": [left], "y": [bottom], "dw": [right - left], "dh": [top - bottom],
        }  # fmt: skip
        self._set_word("", extent)
        self.figure.title.text = title

    def refuse(self, word: str, extent: Extent, *, title: str) -> None:
        """Show hatches and the word for why there is no image."""
        if self.source.data["value"]:
            self.source.data = _no_image()
        self._set_word(word, extent)
        self.figure.title.text = title

    def draw_over(self, other: "MapView", mapper: LinearColorMapper) -> None:
        """Draw another map's image on this one too, unseen until the page shows it."""
        self.figure.add_glyph(
            other.source, _image(mapper), visible=False, level="image",
            name=f"{self.name}-blinked",
        )  # fmt: skip

    def label_bar(self, scale: ColourScale) -> None:
        """Write the brightness beside the colours."""
        if self.bar is not None:
            self.bar.major_label_overrides = dict(scale.ticks)

    def _set_word(self, word: str, extent: Extent) -> None:
        if word == self.word:
            return
        xs, ys = _stripes(extent) if word else ([], [])
        self._hatch.data = {"xs": xs, "ys": ys}
        self._word.update(
            text=word, x=(extent[0] + extent[1]) / 2, y=(extent[2] + extent[3]) / 2
        )

    def _add_tools(self, shared: SharedParts) -> None:
        box, wheel = BoxSelectTool(tags=["region"]), WheelZoomTool()
        corners, pan = PolySelectTool(tags=["polygon"]), PanTool(tags=["move"])
        self.figure.add_tools(box, corners, pan, wheel, ResetTool(), shared.crosshair)
        self.figure.toolbar.update(
            active_drag=box, active_scroll=wheel, active_tap=None
        )

    def _add_bar(self, mapper: LinearColorMapper, ticker: Ticker) -> ColorBar:
        bar = ColorBar(
            color_mapper=mapper, height=9, label_standoff=4, padding=3,
            ticker=ticker, major_label_text_font_size="9px",
        )  # fmt: skip
        self.figure.add_layout(bar, "below")
        return bar

    def _tell_the_page(self, shared: SharedParts, unit: str) -> None:
        arguments = {"source": self.source, "sky": shared.sky, "unit": unit}
        arguments["title"] = self.figure.title
        code = "explorer.readMap(cb_obj, {source, sky, unit, title})"
        self.figure.js_on_event(MouseMove, CustomJS(args=arguments, code=code))
        self.figure.js_on_event(MouseLeave, CustomJS(code="explorer.readNothing()"))


def _image(mapper: LinearColorMapper) -> Image:
    return Image(image="image", x="x", y="y", dw="dw", dh="dh", color_mapper=mapper)


def _hatch(drawn: figure) -> ColumnDataSource:
    source = ColumnDataSource({"xs": [], "ys": []})
    # A hatch pattern would do it, but costs each glyph a canvas of its own (Bokeh 3.9).
    drawn.add_glyph(source, MultiLine(xs="xs", ys="ys", line_color=NO_DATA_EDGE))
    return source


def _stripes(extent: Extent) -> tuple[list[list[float]], list[list[float]]]:
    """Return the x and y of diagonal lines across a field, and of its rim."""
    left, right, bottom, top = extent
    across, up = right - left, top - bottom
    # Where a line x + y = place enters and leaves the unit square.
    places = np.linspace(0, 2, N_STRIPES + 2)[1:-1]
    low, high = np.maximum(places - 1, 0), np.minimum(places, 1)
    x, y = np.stack([low, high], axis=1), np.stack([high, low], axis=1)
    xs = [*(left + across * (1 - x)).tolist(), [left, right, right, left, left]]
    ys = [*(bottom + up * y).tolist(), [bottom, bottom, top, top, bottom]]
    return xs, ys


def _draw_lines(drawn: figure, shared: SharedParts) -> None:
    """Draw contours and the region above the picture, which so stays as it is."""
    contours = MultiLine(xs="xs", ys="ys", line_color="#1b9e77", line_width=1.2)
    drawn.add_glyph(shared.contours, contours, level="overlay")
    # White on a black rim is seen on every colour of a map.
    for colour, width in (("black", 3.5), ("white", 1.6)):
        line = Line(x="x", y="y", line_color=colour, line_width=width)
        drawn.add_glyph(shared.selection, line, level="overlay")


def _no_image() -> dict[str, list[object]]:
    return {key: [] for key in ("image", "value", "error", "x", "y", "dw", "dh")}


def _make_quiet(drawn: figure) -> None:
    drawn.xaxis.ticker = BasicTicker(desired_num_ticks=3)
    drawn.grid.visible = False
    drawn.title.text_font_size = "12px"
    drawn.axis.axis_label_text_font_size = "10px"
    drawn.axis.axis_label_text_font_style = "normal"
