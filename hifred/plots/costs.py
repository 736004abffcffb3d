"""Cost curves: how each solve came to its end."""

import json
from collections.abc import Mapping

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from hifred.plots.labels import with_unit
from hifred.plots.style import (
    LINE_STYLES,
    ROLE_COLOURS,
    SPARE_COLOURS,
    new_figure,
    styled,
)

TERM_COLOURS = {"total": "#000000", "penalty": "#888888"}


@styled
def plot_costs(trials: Mapping[str, xr.Dataset]) -> Figure:
    """Draw the total cost above its lowest value, against the iteration.

    Parameters
    ----------
    trials : mapping of label to Dataset with cost (iteration, term)
        One line each; a trial without a cost curve is named as such.
    """
    figure = new_figure(7.0, 3.3)
    axis = figure.subplots()
    without = []
    for i_trial, (label, trial) in enumerate(trials.items()):
        if "cost" not in trial:
            without.append(label)
            continue
        _draw_total(axis, trial, label=label, i_trial=i_trial)
    _finish(axis)
    if without:
        axis.set_title("no cost curve: " + ", ".join(without), loc="left")
    axis.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
    return figure


def _draw_total(axis: Axes, trial: xr.Dataset, *, label: str, i_trial: int) -> None:
    total = trial["cost"].sel(term="total").to_numpy()
    excess = total - np.nanmin(total)
    axis.plot(
        _iterations(trial, total.size),
        np.where(excess > 0, excess, np.nan),
        color=SPARE_COLOURS[i_trial % len(SPARE_COLOURS)],
        linestyle=LINE_STYLES[i_trial // len(SPARE_COLOURS) % len(LINE_STYLES)],
        label=f"{label} · {trial.attrs.get('outcome', 'no outcome')}",
    )


def _iterations(trial: xr.Dataset, size: int) -> np.ndarray:
    """Return the numbers of the iterations; a resumed solve kept the last of them."""
    record = trial.attrs.get("record", {})
    facts = json.loads(record) if isinstance(record, str) else record
    last = int(facts.get("iterations") or size - 1)
    return np.arange(size) + max(0, last - (size - 1))


def _finish(axis: Axes) -> None:
    axis.set_yscale("log")
    axis.set_ylabel(with_unit("cost above its lowest", "1"))
    _against_iterations(axis)


def _against_iterations(axis: Axes) -> None:
    axis.set_xlabel("iteration (0 = start)")
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.grid(visible=True)


@styled
def plot_cost_terms(trial: xr.Dataset) -> Figure:
    """Draw every term of one trial's cost against the iteration.

    Each term is drawn less its value at the end, on a symmetric logarithmic axis, for
    the terms differ by orders of magnitude and may fall as well as rise.

    Parameters
    ----------
    trial : Dataset with cost (iteration, term)
    """
    figure = new_figure(7.0, 3.1)
    axis = figure.subplots()
    for i_term, term in enumerate(trial["term"].to_numpy()):
        values = trial["cost"].sel(term=term).to_numpy()
        axis.plot(
            _iterations(trial, values.size),
            values - values[-1],
            color=_term_colour(str(term), i_term),
            linestyle="--" if term == "penalty" else "-",
            label=f"{term}, ends at {values[-1]:.6g}",
        )
    axis.set_yscale("symlog", linthresh=1.0)
    axis.set_ylabel(with_unit("cost less its last", "1"))
    _against_iterations(axis)
    axis.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
    return figure


def _term_colour(term: str, i_term: int) -> str:
    spare = SPARE_COLOURS[i_term % len(SPARE_COLOURS)]
    return TERM_COLOURS.get(term) or ROLE_COLOURS.get(term) or spare
