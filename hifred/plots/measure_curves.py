"""Curves of a measure against a setting, a line for each value of the others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.transforms import blended_transform_factory

from hifred.plots.labels import measure_label, setting_label
from hifred.plots.style import (
    LINE_STYLES,
    NO_DATA_EDGE,
    new_figure,
    regularizer_colour,
    regularizer_marker,
    styled,
)
from hifred.plots.trial_grid import Source, trial_words, trials_of
from hifred.store.result_grid import trial_grid
from hifred.store.trial_table import SettingKey, TrialTable, ordered_keys, setting_text

SHARED = ("regularizer", "rank")
MOST_LINES = 12


@dataclass(frozen=True)
class _Line:
    regularizer: str
    rank: SettingKey
    x: list[SettingKey]
    y: np.ndarray
    words: list[str]
    others: dict[str, SettingKey]
    n_shared: int

    @property
    def label(self) -> str:
        settings = {"rank": self.rank, **self.others}
        words = [f"{name} {setting_text(key)}" for name, key in settings.items()]
        words = [self.regularizer, *(w for w in words if not w.endswith(" –"))]
        return ", ".join([*words, *self._of_how_many()])

    def _of_how_many(self) -> list[str]:
        return [f"best of {self.n_shared}"] if self.n_shared > 1 else []


@styled
def plot_measure_curves(
    source: Source,
    measure: str,
    *,
    against: str = "mu",
    where: Mapping[str, object] | None = None,
) -> Figure:
    """Draw a measure against a setting, a line per value of all other settings.

    Beyond a dozen lines there is one per regulariser and rank, and each point is the
    best of those that share it; the legend says of how many. A regulariser that does
    not read the setting is a level line. A trial without a value is a cross below the
    axis, under the word for its state.

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
    """Return a line per setting of all that differs; few enough to be told apart."""
    others = [n for n in table.telling_settings if n not in (against, *SHARED)]
    if len(set(_line_keys(table, others))) > MOST_LINES:
        others = []
    keys = _line_keys(table, others)
    lines = []
    for key in dict.fromkeys(keys):
        members = table.take([i for i, other in enumerate(keys) if other == key])
        named = dict(zip(others, key[len(SHARED) :], strict=True))
        lines.append(_line(members, measure, against, others=named))
    return lines


def _line_keys(
    table: TrialTable, others: Sequence[str]
) -> list[tuple[SettingKey, ...]]:
    return list(zip(*(table.keys(n) for n in (*SHARED, *others)), strict=True))


def _line(
    table: TrialTable, measure: str, against: str, *, others: dict[str, SettingKey]
) -> _Line:
    """Return one line; where trials share a point, the best of them."""
    laid = trial_grid(table, measure, (against,), best_of=True)
    words = dict(zip(table.trials, trial_words(table, measure), strict=True))
    best = [words[str(trial)] for trial in laid["trial"].to_numpy()]
    return _Line(
        regularizer=str(table.keys("regularizer")[0] or ""),
        rank=table.keys("rank")[0],
        x=ordered_keys(table.keys(against)),
        y=np.where([not word for word in best], laid.to_numpy(), np.nan),
        words=best,
        others=others,
        n_shared=int(laid["n_trials"].max()),
    )


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
