"""One map of the explorer: an image, the selected region, or the word for no image."""

from typing import final

import numpy as np
from bokeh.models import (
    ColorBar,
    ColumnDataSource,
    HoverTool,
    Label,
    LinearColorMapper,
    Range1d,
)
from bokeh.models.tickers import BasicTicker
from bokeh.plotting import figure

from hifred.explore.drawing import signed_root, squared_ticks
from hifred.plots.style import NO_DATA_COLOUR, NO_DATA_EDGE

EDGES = ("left", "right", "bottom", "top")
SIDE = 190
TOOLS = "tap,box_select,pan,wheel_zoom,reset"


@final
class MapView:
    """A figure with one image; all views share ranges and the selection.

    Parameters
    ----------
    name : str
        Name of the figure and, as ``NAME-data``, of its data source.
    mapper : LinearColorMapper
        Shared by all maps of one quantity.
    ranges : (Range1d, Range1d)
        Shared x and y ranges, arcsec.
    selection : ColumnDataSource
        Outline of the selected region: left, right, bottom, top in arcsec.
    is_rooted : bool
        Whether square roots are drawn, as for all that is counted.
    unit : str
        Shown by the hover and, if not empty, beside a colour bar.
    """

    def __init__(
        self,
        name: str,
        mapper: LinearColorMapper,
        *,
        ranges: tuple[Range1d, Range1d],
        selection: ColumnDataSource,
        is_rooted: bool = True,
        unit: str = "",
    ) -> None:
        self.is_rooted = is_rooted
        self.source = ColumnDataSource(_no_image(), name=f"{name}-data")
        self.figure = figure(
            name=name,
            frame_width=SIDE,
            frame_height=SIDE,
            x_range=ranges[0],
            y_range=ranges[1],
            tools=TOOLS,
            active_drag="box_select",
            toolbar_location=None,
            x_axis_label="x offset (arcsec)",
            y_axis_label="y offset (arcsec)",
        )
        self._hatch = self.figure.quad(
            left="left", right="right", bottom="bottom", top="top",
            source=ColumnDataSource({k: [] for k in EDGES}),
            fill_color=NO_DATA_COLOUR, line_color=NO_DATA_EDGE,
            hatch_pattern="/", hatch_color=NO_DATA_EDGE, hatch_alpha=0.6,
        )  # fmt: skip
        self._draw_image(mapper, unit)
        self._outline(selection)
        self._word = Label(
            x=0, y=0, text="", text_align="center", text_baseline="middle",
            background_fill_color="white", text_font_size="12px", name=f"{name}-word",
        )  # fmt: skip
        self.figure.add_layout(self._word)
        _make_quiet(self.figure)

    @property
    def word(self) -> str:
        """Why there is no image; empty where there is one."""
        return str(self._word.text)

    def fit(self, extent: tuple[float, float, float, float]) -> None:
        """Give the frame the shape of the field, so that pixels are square."""
        left, right, bottom, top = extent
        ratio = (top - bottom) / (right - left)
        # Not by `match_aspect`: with shared ranges the layout did not come to rest.
        self.figure.update(
            frame_width=round(SIDE / max(ratio, 1.0)),
            frame_height=round(SIDE * min(ratio, 1.0)),
        )

    def show(
        self,
        image: np.ndarray,
        extent: tuple[float, float, float, float],
        *,
        title: str,
    ) -> None:
        """Show an image, (y, x), with its outer edges in arcsec."""
        left, right, bottom, top = extent
        drawn = signed_root(image) if self.is_rooted else image
        self.source.data = {
            "image": [np.asarray(drawn, dtype=np.float32)],
            "value": [np.asarray(image, dtype=np.float64)],
            "x": [left], "y": [bottom], "dw": [right - left], "dh": [top - bottom],
        }  # fmt: skip
        self._set_word("", extent)
        self.figure.title.text = title

    def refuse(
        self, word: str, extent: tuple[float, float, float, float], *, title: str
    ) -> None:
        """Show hatches and the word for why there is no image."""
        self.source.data = _no_image()
        self._set_word(word, extent)
        self.figure.title.text = title

    def _set_word(self, word: str, extent: tuple[float, float, float, float]) -> None:
        left, right, bottom, top = ([edge] if word else [] for edge in extent)
        self._hatch.data_source.data = {
            "left": left, "right": right, "bottom": bottom, "top": top,
        }  # fmt: skip
        self._word.update(
            text=word, x=(extent[0] + extent[1]) / 2, y=(extent[2] + extent[3]) / 2
        )

    def _draw_image(self, mapper: LinearColorMapper, unit: str) -> None:
        drawn = self.figure.image(
            image="image", x="x", y="y", dw="dw", dh="dh",
            source=self.source, color_mapper=mapper,
        )  # fmt: skip
        self.figure.add_tools(
            HoverTool(
                renderers=[drawn],
                tooltips=[
                    ("x, y", "$x{0.0}, $y{0.0} arcsec"),
                    ("value", f"@value {unit}"),
                ],
            )
        )
        if unit:
            bar = ColorBar(
                color_mapper=mapper, width=9, label_standoff=4, padding=3,
                ticker=BasicTicker(desired_num_ticks=5),
                major_label_text_font_size="9px",
            )  # fmt: skip
            if self.is_rooted:
                bar.formatter = squared_ticks()
            self.figure.add_layout(bar, "right")

    def _outline(self, selection: ColumnDataSource) -> None:
        for colour, width in (("black", 3.5), ("white", 1.6)):
            self.figure.quad(
                left="left", right="right", bottom="bottom", top="top",
                source=selection, fill_alpha=0.0, line_color=colour, line_width=width,
                nonselection_line_alpha=1.0, nonselection_fill_alpha=0.0,
            )  # fmt: skip


def _no_image() -> dict[str, list[object]]:
    return {key: [] for key in ("image", "value", "x", "y", "dw", "dh")}


def _make_quiet(drawn: figure) -> None:
    drawn.xaxis.ticker = BasicTicker(desired_num_ticks=4)
    drawn.grid.visible = False
    drawn.title.text_font_size = "12px"
    drawn.xaxis.axis_label_text_font_size = "10px"
    drawn.yaxis.axis_label_text_font_size = "10px"
    drawn.xaxis.axis_label_text_font_style = "normal"
    drawn.yaxis.axis_label_text_font_style = "normal"
