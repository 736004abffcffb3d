"""The heat map of a measure over the grid: the way in to the trials."""

from collections.abc import Callable
from typing import final

import numpy as np
from bokeh.models import ColorBar, ColumnDataSource, FactorRange, HoverTool
from bokeh.plotting import figure

from hifred.explore.drawing import measure_mapper, palette
from hifred.plots.labels import setting_label
from hifred.plots.style import (
    MEASURE_COLOURMAP,
    NO_DATA_COLOUR,
    NO_DATA_EDGE,
    measure_colourmap,
)
from hifred.plots.trial_grid import MeasureGrid

COLUMNS = ("column", "row", "trial", "shade", "text", "hatch", "ink")
# More letters than these side by side overlap.
MOST_LETTERS = 50
COLUMNS_TO_TELL = ("column", "row", "trial", "text", "ink")


@final
class GridView:
    """Cells with values; hatched ones with the word for why there is none.

    Parameters
    ----------
    on_choice : callable
        Called with the trial id of the cell that was clicked.
    """

    def __init__(self, on_choice: Callable[[str], None]) -> None:
        self._on_choice = on_choice
        self._mapper = measure_mapper()
        self.source = ColumnDataSource({name: [] for name in COLUMNS}, name="grid-data")
        self.chosen = ColumnDataSource(
            {"column": [], "row": [], "colour": []}, name="grid-chosen"
        )
        self.figure = figure(
            name="grid",
            sizing_mode="stretch_width",
            height=260,
            x_range=FactorRange(),
            y_range=FactorRange(),
            tools="tap",
            toolbar_location=None,
        )
        self._draw()
        self.source.selected.on_change("indices", self._on_tap)

    def show(self, grid: MeasureGrid, unit: str, sides: tuple[str, str]) -> None:
        """Show a grid of values, in their unit, over two settings, and words."""
        low, high = grid.limits(unit)
        colours = palette(measure_colourmap(grid.direction))
        self._mapper.update(low=low, high=high, palette=colours)
        self._bar.title = "distance from 0" if grid.direction == "zero" else None
        self.figure.x_range.factors = grid.column_texts
        self.figure.y_range.factors = grid.row_texts
        self.figure.xaxis.axis_label, self.figure.yaxis.axis_label = map(
            setting_label, sides
        )
        cells = [
            _cell(grid, index, (low, high)) for index in np.ndindex(grid.words.shape)
        ]
        self._fit(grid.column_texts, len(grid.rows), [str(c["text"]) for c in cells])
        self.source.selected.indices = []
        data = {name: [cell[name] for cell in cells] for name in COLUMNS}
        # NaN differs from itself: what is written in the cells tells as well.
        if any(data[name] != self.source.data[name] for name in COLUMNS_TO_TELL):
            self.source.data = data

    def _fit(self, columns: list[str], n_rows: int, texts: list[str]) -> None:
        """Give each row its height, and let no names or numbers overlap."""
        self.figure.height = int(np.clip(26 * n_rows + 80, 200, 600))
        self._texts.visible = _has_room(texts, len(columns))
        is_turned = not _has_room(columns, len(columns))
        self.figure.xaxis.major_label_orientation = 0.7 if is_turned else "horizontal"

    def clear(self) -> None:
        """Show nothing, such as when the measure is refused."""
        self.source.data = {name: [] for name in COLUMNS}

    def mark(self, trials: dict[str, str]) -> None:
        """Frame the cells of the shown trials; a mapping of trial id to colour."""
        cells = zip(
            self.source.data["trial"],
            self.source.data["column"],
            self.source.data["row"],
            strict=True,
        )
        marked = [
            (column, row, trials[trial])
            for trial, column, row in cells
            if trial in trials
        ]
        columns, rows, colours = zip(*marked, strict=True) if marked else ((), (), ())
        self.chosen.data = {
            "column": list(columns), "row": list(rows), "colour": list(colours),
        }  # fmt: skip

    def _on_tap(self, _: str, __: object, indices: list[int]) -> None:
        if not indices:
            return
        trial = str(self.source.data["trial"][indices[0]])
        self.source.selected.indices = []
        if trial:
            self._on_choice(trial)

    def _draw(self) -> None:
        cells = self.figure.rect(
            x="column", y="row", width=1, height=1, source=self.source,
            fill_color={"field": "shade", "transform": self._mapper},
            line_color="white", hatch_pattern="hatch", hatch_color=NO_DATA_EDGE,
            hatch_alpha=0.6, nonselection_fill_alpha=1.0, nonselection_hatch_alpha=0.6,
        )  # fmt: skip
        self._mapper.nan_color = NO_DATA_COLOUR
        self._texts = self.figure.text(
            x="column", y="row", text="text", text_color="ink", source=self.source,
            text_align="center", text_baseline="middle", text_font_size="10px",
            nonselection_text_alpha=1.0,
        )  # fmt: skip
        self.figure.rect(
            x="column", y="row", width=0.94, height=0.92, source=self.chosen,
            fill_alpha=0.0, line_color="colour", line_width=3.5, level="overlay",
        )  # fmt: skip
        self.figure.add_tools(
            HoverTool(renderers=[cells], tooltips=[("trial", "@trial"), ("", "@text")])
        )
        self.figure.grid.visible = False
        self.figure.axis.axis_label_text_font_style = "normal"
        self.figure.axis.axis_label_text_font_size = "10px"
        self._bar = ColorBar(
            color_mapper=self._mapper, width=9, label_standoff=4, padding=3,
            title_text_font_size="10px", title_text_font_style="normal",
        )  # fmt: skip
        self.figure.add_layout(self._bar, "right")


def _has_room(texts: list[str], n_columns: int) -> bool:
    """Whether texts, one a column, stand side by side without touching."""
    lines = [line for text in texts for line in text.split("\n")]
    return n_columns * (max(map(len, lines), default=0) + 1) <= MOST_LETTERS


def _cell(
    grid: MeasureGrid, index: tuple[int, ...], limits: tuple[float, float]
) -> dict[str, object]:
    row, column = index
    shade, word = float(grid.shades[index]), str(grid.words[index])
    text = grid.text((row, column))
    height = (shade - limits[0]) / max(limits[1] - limits[0], 1e-300)
    is_reversed = measure_colourmap(grid.direction) != MEASURE_COLOURMAP
    return {
        "column": grid.column_texts[column],
        "row": grid.row_texts[row],
        "trial": str(grid.trials[index]),
        "shade": shade,
        "text": text.replace(" ", "\n") if word else text,
        "hatch": "/" if word else " ",
        "ink": "white" if not word and (height < 0.5) != is_reversed else "black",
    }
