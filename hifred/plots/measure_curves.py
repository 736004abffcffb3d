"""Curves of a measure against a setting, one line per regulariser and rank."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.transforms import blended_transform_factory

from hifred.plots.labels import measure_label, setting_label, setting_text
from hifred.plots.style import (
    LINE_STYLES,
    NO_DATA_EDGE,
    new_figure,
    regularizer_colour,
    regularizer_marker,
    styled,
)
from hifred.plots.trial_grid import Source, trial_words, trials_of
from hifred.store.trial_table import SettingKey, TrialTable, ordered_keys


@dataclass(frozen=True)
class _Line:
    regularizer: str
    rank: SettingKey
    x: list[SettingKey]
    y: np.ndarray
    words: list[str]

    @property
    def label(self) -> str:
        rank = setting_text(self.rank)
        return self.regularizer if rank == "–" else f"{self.regularizer}, rank {rank}"


@styled
def plot_measure_curves(
    source: Source,
    measure: str,
    *,
    against: str = "mu",
    where: Mapping[str, object] | None = None,
) -> Figure:
    """Draw a measure against a setting, one line per regulariser and rank.

    A regulariser that does not read the setting is a level line. A trial without a
    value is a cross below the axis, under the word for its state.

    Parameters
    ----------
    source : Results or collected Dataset
    measure : str
    against : str
        Setting along x.
    where : mapping of setting to value, optional
        Which trials, such as ``{"model": "demo"}``.

    Raises
    ------
    HifredError
        If the measure needs the truth and there is none, or is unknown.
    """
    table = trials_of(source)
    table.measured(measure)
    lines = _lines(table.select(where), measure, against)
    figure = new_figure(7.4, 3.4)
    axis = figure.subplots()
    _draw_lines(axis, lines)
    _finish(axis, lines, against=against)
    axis.set_ylabel(measure_label(table, measure).replace(", ", "\n", 1))
    axis.set_title(", ".join(str(value) for value in (where or {}).values()))
    return figure


def _lines(table: TrialTable, measure: str, against: str) -> list[_Line]:
    words = trial_words(table, measure)
    values = table.measured(measure)
    keys = [
        (str(regularizer or ""), rank)
        for regularizer, rank in zip(
            table.keys("regularizer"), table.keys("rank"), strict=True
        )
    ]
    x = table.keys(against)
    order = ordered_keys(x)
    lines = []
    for key in dict.fromkeys(keys):
        members = [i for i, other in enumerate(keys) if other == key]
        members.sort(key=lambda i: order.index(x[i]))
        lines.append(
            _Line(
                *key,
                [x[i] for i in members],
                np.array([np.nan if words[i] else values[i] for i in members]),
                [words[i] for i in members],
            )
        )
    return lines


def _draw_lines(axis: Axes, lines: list[_Line]) -> None:
    ranks = list(dict.fromkeys(line.rank for line in lines))
    for line in lines:
        style = LINE_STYLES[ranks.index(line.rank) % len(LINE_STYLES)]
        colour = regularizer_colour(line.regularizer)
        marker = regularizer_marker(line.regularizer)
        at = {i: x for i, x in enumerate(line.x) if isinstance(x, float)}
        if at:
            axis.plot(
                list(at.values()),
                line.y[list(at)],
                color=colour,
                linestyle=style,
                marker=marker,
            )
            _draw_missing(axis, line, at, colour)
        for i, x in enumerate(line.x):
            if not isinstance(x, float) and not line.words[i]:
                axis.axhline(line.y[i], color=colour, linestyle=style)


def _draw_missing(axis: Axes, line: _Line, at: dict[int, float], colour: str) -> None:
    below = blended_transform_factory(axis.transData, axis.transAxes)
    for i, x in at.items():
        if line.words[i]:
            axis.plot(
                x,
                0.03,
                marker="x",
                color=colour,
                transform=below,
                clip_on=False,
            )
            axis.annotate(
                line.words[i],
                (x, 0.06),
                xycoords=below,
                rotation=90,
                ha="center",
                va="bottom",
                fontsize=7,
                color=NO_DATA_EDGE,
            )


def _finish(axis: Axes, lines: list[_Line], *, against: str) -> None:
    numbers = [x for line in lines for x in line.x if isinstance(x, float)]
    if numbers and min(numbers) > 0 and max(numbers) / min(numbers) > 5:
        axis.set_xscale("log")
    axis.margins(y=0.16)
    axis.grid(visible=True)
    axis.set_xlabel(setting_label(against))
    axis.legend(handles=_handles(lines), loc="center left", bbox_to_anchor=(1.01, 0.5))


def _handles(lines: list[_Line]) -> list[Line2D]:
    ranks = list(dict.fromkeys(line.rank for line in lines))
    handles = []
    for line in lines:
        has_x = any(isinstance(x, float) for x in line.x)
        handles.append(
            Line2D(
                [],
                [],
                color=regularizer_colour(line.regularizer),
                linestyle=LINE_STYLES[ranks.index(line.rank) % len(LINE_STYLES)],
                marker=regularizer_marker(line.regularizer) if has_x else "",
                label=line.label,
            )
        )
    if any(word for line in lines for word in line.words):
        handles.append(
            Line2D([], [], color="black", linestyle="", marker="x", label="no value")
        )
    return handles
