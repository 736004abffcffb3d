"""The one ranking of trials: by which measure, which are better, which to take."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
import pandas as pd

from hifred.errors import HifredError, unknown_name
from hifred.store.held_out_rank import BOTH, NOT_HELD_OUT, SCORES, held_out_rank
from hifred.store.trial_table import FACTS, SIGMA, TrialTable

# By what a trial is chosen: the first of these that was taken. With the truth, the
# error; without, counts that the fit has not seen; else how well the data are met.
CRITERIA = (
    "nmse_db", BOTH, "held_out_error", "held_out_deviance", SIGMA, "deviance",
    "objective",
)  # fmt: skip
# Measures that a page shows first.
SHOWN_FIRST = (*CRITERIA, "asam_bright", "asam")
DIRECTIONS = ("higher", "lower", "zero")
_MERITS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "higher": np.positive,
    "lower": np.negative,
    "zero": lambda values: -np.abs(values),
}
NO_DIRECTION = {
    "deviance": "Low is noise that was fitted, high is structure that was smoothed "
    "away: rank by deviance_sigma, which is best near 0"
}


@final
@dataclass(frozen=True)
class Recommendation:
    """The trial to take of a model, and by what.

    Parameters
    ----------
    trial : str
        Its id.
    by : str
        The measure that chose it.
    """

    trial: str
    by: str


def ranked_measures(table: TrialTable) -> list[str]:
    """Return the measures of which more or less is better, the most telling first."""
    names = [n for n in table.measure_names if table.direction(n) in DIRECTIONS]
    return sorted(names, key=_place)


def criteria_of(table: TrialTable) -> list[str]:
    """Return by what trials can be ranked, the most telling first."""
    names = ranked_measures(table)
    return sorted([*names, BOTH] if set(SCORES) <= set(names) else names, key=_place)


def criterion(table: TrialTable) -> str | None:
    """Return by what the finished trials are chosen; None if nothing was measured."""
    done = table.take(table.is_done)
    for name in criteria_of(table):
        if len(done) and np.isfinite(merits(done, name)).any():
            return name
    return None


def scores(table: TrialTable, by: str) -> np.ndarray:
    """Return what trials are ranked by, (trial,); NaN where it was not taken.

    Raises
    ------
    HifredError
        If there is no such measure, or neither way of it is better.
    """
    if by == BOTH:
        if not set(SCORES) <= set(table.measure_names):
            raise HifredError(NOT_HELD_OUT)
        ranks = held_out_rank(table.frame[table.is_done])
        return ranks.reindex(table.frame.index).to_numpy(float)
    if by not in (*table.measure_names, *FACTS[:4]):
        raise unknown_name("measure", by, table.measure_names)
    return np.asarray(table.frame[by], dtype=float)


def merits(table: TrialTable, by: str) -> np.ndarray:
    """Return a number per trial, (trial,): more is better, whatever the measure.

    Raises
    ------
    HifredError
        If there is no such measure, or neither way of it is better.
    """
    values = scores(table, by)
    direction = "lower" if by == BOTH else table.direction(by)
    if direction not in DIRECTIONS:
        why = NO_DIRECTION.get(by, f"Choose from {', '.join(criteria_of(table))}")
        raise HifredError(f"{by} must have a better side to rank trials by. {why}.")
    return np.asarray(_MERITS[direction](values), dtype=float)


def ranked(table: TrialTable, by: str) -> list[int]:
    """Return the finished trials that have a score, as rows, the best first."""
    values = np.where(table.is_done, merits(table, by), np.nan)
    order = np.argsort(-values, kind="stable")
    return [int(i) for i in order[: int(np.isfinite(values).sum())]]


def ranked_trials(table: TrialTable, by: str | None = None) -> list[str]:
    """Return the ids of finished trials, the best first; by default as recommended."""
    by = by or criterion(table)
    if by is None:
        return table.take(table.is_done).trials
    trials = table.trials
    return [trials[i] for i in ranked(table, by)]


def recommended(table: TrialTable, model: str) -> Recommendation | None:
    """Return the trial to take of a model; None if none of it was measured.

    The command ``best``, report, explorer and notebooks all ask here.
    """
    of_model = table.select({"model": model})
    by = criterion(of_model)
    if by is None:
        return None
    return Recommendation(ranked_trials(of_model, by)[0], by)


def best_of_each(table: TrialTable, setting: str, by: str | None = None) -> list[str]:
    """Return the best finished trial of each value of a setting, the best first."""
    chosen: dict[object, str] = {}
    keys = dict(zip(table.trials, table.keys(setting), strict=True))
    for trial in ranked_trials(table, by):
        chosen.setdefault(keys[trial], trial)
    return list(chosen.values())


def sorted_frame(table: TrialTable, by: str) -> pd.DataFrame:
    """Return the finished trials that have a score as a table, the best first."""
    frame = table.frame.iloc[ranked(table, by)].copy()
    if by == BOTH:
        frame[BOTH] = scores(table, by)[ranked(table, by)]
    return frame


def _place(name: str, order: Sequence[str] = SHOWN_FIRST) -> int:
    return order.index(name) if name in order else len(order)
