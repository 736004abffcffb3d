"""Heat maps of a measure over two settings, missing and failed trials named."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle

from hifred.plots.labels import measure_unit, setting_label, size_label
from hifred.plots.style import (
    NO_DATA_COLOUR,
    NO_DATA_EDGE,
    NO_DATA_HATCH,
    measure_colourmap,
    new_figure,
    styled,
)
from hifred.plots.trial_grid import MeasureGrid, Source, measure_grid, trials_of


@styled
def plot_measure_grid(
    source: Source,
    measure: str,
    *,
    where: Mapping[str, object] | None = None,
    columns: str = "mu",
    rows: str = "rank",
) -> Figure:
    """Draw a measure over two settings; the better, the brighter; the best is framed.

    Where 0 is best, colours stand for the distance from it.

    Parameters
    ----------
    source : Results or collected Dataset
    measure : str
        Such as ``nmse_db``.
    where : mapping of setting to value, optional
        Which trials, such as ``{"model": "demo", "regularizer": "lrs"}``.
    columns, rows : str
        Settings along the two sides.

    Raises
    ------
    HifredError
        If the measure needs the truth and there is none, or is unknown.
    """
    table = trials_of(source)
    grid = measure_grid(table, measure, where=where, columns=columns, rows=rows)
    n_rows, n_columns = grid.values.shape
    scale = Normalize(*grid.limits(measure_unit(table, measure)))
    figure = new_figure(1.9 + 0.95 * max(n_columns, 3), 1.3 + 0.55 * max(n_rows, 2))
    axis = figure.subplots()
    drawn = draw_measure_grid(axis, grid, scale=scale)
    axis.set_xlabel(setting_label(columns))
    axis.set_ylabel(setting_label(rows))
    title = ", ".join(f"{value}" for value in (where or {}).values())
    axis.set_title(title or str(table.attrs.get("name", "all trials")))
    label = size_label(table, measure).replace(", ", "\n", 1)
    figure.colorbar(drawn, ax=axis).set_label(label)
    return figure


def draw_measure_grid(axis: Axes, grid: MeasureGrid, *, scale: Normalize) -> AxesImage:
    """Draw the cells, the hatched ones with their word, and a frame on the best."""
    drawn = axis.imshow(
        np.ma.masked_invalid(grid.shades),
        origin="lower",
        aspect="auto",
        cmap=measure_colourmap(grid.direction),
        norm=scale,
    )
    for (row, column), shade in np.ndenumerate(grid.shades):
        if grid.words[row, column]:
            _draw_missing(axis, row, column, grid.text((row, column)))
        else:
            _write_value(axis, drawn, (row, column), grid.text((row, column)), shade)
    if grid.best is not None:
        _frame(axis, grid.best)
    axis.set_xticks(range(len(grid.columns)), grid.column_texts)
    axis.set_yticks(range(len(grid.rows)), grid.row_texts)
    axis.tick_params(length=0)
    return drawn


def _draw_missing(axis: Axes, row: int, column: int, word: str) -> None:
    axis.add_patch(
        Rectangle(
            (column - 0.5, row - 0.5),
            1,
            1,
            facecolor=NO_DATA_COLOUR,
            edgecolor=NO_DATA_EDGE,
            hatch=NO_DATA_HATCH,
            linewidth=0.4,
        )
    )
    axis.text(
        column,
        row,
        word.replace(" ", "\n"),
        ha="center",
        va="center",
        fontsize=7,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.2},
    )


def _write_value(
    axis: Axes, drawn: AxesImage, cell: tuple[int, int], text: str, shade: float
) -> None:
    red, green, blue, _ = drawn.to_rgba(np.array([shade]))[0]
    luminance = 0.299 * red + 0.587 * green + 0.114 * blue
    axis.text(
        cell[1],
        cell[0],
        text,
        ha="center",
        va="center",
        fontsize=7.5,
        color="black" if luminance > 0.5 else "white",
    )


def _frame(axis: Axes, cell: tuple[int, int]) -> None:
    row, column = cell
    axis.add_patch(
        Rectangle(
            (column - 0.47, row - 0.46),
            0.94,
            0.92,
            fill=False,
            edgecolor="#D55E00",
            linewidth=2.2,
        )
    )
