"""Parallel coordinates: every trial a line through its settings and measures."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from hifred.plots.labels import measure_unit, setting_label, size_label
from hifred.plots.style import (
    NO_DATA_EDGE,
    measure_limits,
    new_figure,
    regularizer_colour,
    styled,
)
from hifred.plots.trial_grid import Source, trials_of
from hifred.store.trial_table import DONE, TrialTable, ordered_keys, setting_text

# Where a trial without a value meets an axis, in units of the axis' height.
NO_VALUE_AT = -0.12


@styled
def plot_parallel_coordinates(
    source: Source,
    measures: Sequence[str],
    *,
    settings: Sequence[str] = ("regularizer", "rank", "mu"),
) -> Figure:
    """Draw each trial as a line through its settings and measures.

    Measure axes are turned so that better is up. A trial that has no value ends below
    the axis, dashed, with its state counted there.

    Parameters
    ----------
    source : Results or collected Dataset
    measures : sequence of str
    settings : sequence of str
        Settings on the axes to the left; those the trials lack are left out.

    Raises
    ------
    HifredError
        If a measure needs the truth and there is none, or is unknown.
    """
    table = trials_of(source)
    measured = {name: table.measured(name) for name in measures}
    shown = [name for name in settings if name in table.setting_names]
    figure = new_figure(1.5 * (len(shown) + len(measured)) + 1.2, 4.0)
    axis = figure.subplots()
    columns = [_setting_axis(axis, table, name, i) for i, name in enumerate(shown)]
    columns += [
        _measure_axis(axis, table, name, len(shown) + i)
        for i, name in enumerate(measured)
    ]
    _draw_trials(axis, np.stack(columns, axis=1), table)
    _name_missing(axis, table, len(shown))
    _finish(axis, table, n_axes=len(columns))
    return figure


def _setting_axis(axis: Axes, table: TrialTable, name: str, at: int) -> np.ndarray:
    keys = table.keys(name)
    ordered = ordered_keys(keys)
    height = {
        key: (i + 0.5) / len(ordered) if len(ordered) > 1 else 0.5
        for i, key in enumerate(ordered)
    }
    for key in ordered:
        _tick(axis, at, height[key], setting_text(key))
    _head(axis, at, setting_label(name))
    return np.array([height[key] for key in keys])


def _measure_axis(axis: Axes, table: TrialTable, name: str, at: int) -> np.ndarray:
    numbers, label = table.measured(name), size_label(table, name)
    if table.direction(name) == "zero":
        # The best is on top of every axis: as far from 0 as a trial is.
        numbers = np.abs(numbers)
    lowest, highest = measure_limits(numbers, measure_unit(table, name))
    height = (numbers - lowest) / (highest - lowest)
    ends = {0.0: lowest, 1.0: highest}
    if table.direction(name) != "higher":
        height, ends = 1 - height, {1.0: lowest, 0.0: highest}
    for where, value in ends.items():
        _tick(axis, at, where, f"{value:.4g}")
    _head(axis, at, label.replace(", ", "\n"))
    return np.asarray(height)


def _tick(axis: Axes, at: int, height: float, text: str) -> None:
    axis.plot([at - 0.02, at + 0.02], [height, height], color="#555555", linewidth=0.8)
    axis.text(
        at + 0.035,
        height,
        text,
        fontsize=7.5,
        va="center",
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.7, "pad": 0.6},
        zorder=4,
    )


def _head(axis: Axes, at: int, text: str) -> None:
    axis.plot([at, at], [NO_VALUE_AT, 1.03], color="#555555", linewidth=0.8, zorder=0)
    wrapped = text.replace(" (", "\n(")
    axis.text(at, 1.08, wrapped, ha="center", va="bottom", fontsize=7.5)


def _draw_trials(axis: Axes, heights: np.ndarray, table: TrialTable) -> None:
    done = table.is_done
    regularizers = _regularizers(table)
    for i_trial, row in enumerate(heights):
        missing = ~np.isfinite(row)
        axis.plot(
            np.arange(row.size),
            np.where(missing, NO_VALUE_AT, row),
            color=regularizer_colour(regularizers[i_trial]),
            linestyle="-" if done[i_trial] else (0, (2, 2)),
            linewidth=1.0,
            alpha=0.75,
        )


def _name_missing(axis: Axes, table: TrialTable, first_measure: int) -> None:
    words = table.frame["status"].to_numpy(str)
    counts = [
        f"{np.sum(words == word)} {word}" for word in np.unique(words[words != DONE])
    ]
    if counts:
        axis.text(
            first_measure - 0.03,
            NO_VALUE_AT - 0.03,
            "no value: " + ", ".join(counts),
            color=NO_DATA_EDGE,
            fontsize=8,
            ha="left",
            va="top",
        )


def _regularizers(table: TrialTable) -> list[str]:
    return [str(key or "") for key in table.keys("regularizer")]


def _finish(axis: Axes, table: TrialTable, *, n_axes: int) -> None:
    names = list(dict.fromkeys(_regularizers(table)))
    axis.legend(
        handles=[
            Line2D([], [], color=regularizer_colour(name), label=name or "trial")
            for name in names
        ],
        loc="upper left",
        bbox_to_anchor=(1.02, 1.0),
    )
    axis.set_xlim(-0.15, n_axes - 1 + 0.35)
    axis.set_ylim(NO_VALUE_AT - 0.1, 1.3)
    axis.set_axis_off()
