"""A measure over two settings as one draws it: a value, or the word for none."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import xarray as xr

from hifred.plots.style import measure_limits
from hifred.store import Results
from hifred.store.ranking import merits
from hifred.store.result_grid import trial_grid
from hifred.store.trial_row import NOT_PLANNED as NOT_PLANNED_FLAG
from hifred.store.trial_row import STATUS_FLAGS
from hifred.store.trial_table import (
    DONE,
    SettingKey,
    TrialTable,
    ordered_keys,
    setting_text,
)

NOT_PLANNED = "not planned"
NEEDS_TRUTH = "no truth"
NOT_MEASURED = "not measured"

Source = Results | TrialTable | xr.Dataset


def trials_of(source: Source) -> TrialTable:
    """Return the trials of results, of a collected dataset, or as they are."""
    if isinstance(source, TrialTable):
        return source
    return TrialTable.of(source) if isinstance(source, xr.Dataset) else source.trials


def measures_of(source: Source) -> list[str]:
    """Return the measures of trials: an old name of ``measure_names``."""
    warnings.warn(
        "measures_of is an old name: write trials_of(source).measure_names.",
        FutureWarning,
        stacklevel=2,
    )
    return trials_of(source).measure_names


@dataclass(frozen=True)
class MeasureGrid:
    """A measure over two settings.

    Parameters
    ----------
    values : (row, column) array
        NaN where `words` says why there is no value.
    words : (row, column) array of str
        Empty where there is a value; else a state, such as failed or not planned.
    trials : (row, column) array of str
        Trial ids; empty where none is planned.
    n_trials : (row, column) array of int
        How many trials share a cell, whose best is shown.
    rows, columns : tuple
        Setting of each row and column, in increasing order.
    best : (int, int) or None
        Row and column of the best value; None where none is better.
    direction : str
        What is better: higher, lower, zero (as near to it as can be) or none.
    """

    values: np.ndarray
    words: np.ndarray
    trials: np.ndarray
    n_trials: np.ndarray
    rows: tuple[SettingKey, ...]
    columns: tuple[SettingKey, ...]
    best: tuple[int, int] | None = None
    direction: str = "higher"

    @property
    def shades(self) -> np.ndarray:
        """What the colours stand for: the distance from 0 where 0 is best."""
        return np.abs(self.values) if self.direction == "zero" else self.values

    def limits(self, unit: str) -> tuple[float, float]:
        """Return the ends of the colours' scale; of distances from 0 it begins at 0."""
        if self.direction != "zero":
            return measure_limits(self.values, unit)
        lowest, highest = measure_limits(np.append(self.shades, 0.0), unit)
        return 0.0, highest - lowest

    @cached_property
    def row_texts(self) -> list[str]:
        """Settings of the rows as text."""
        return [setting_text(value) for value in self.rows]

    @cached_property
    def column_texts(self) -> list[str]:
        """Settings of the columns as text."""
        return [setting_text(value) for value in self.columns]

    def text(self, cell: tuple[int, int]) -> str:
        """Return what a cell says: its value, of how many the best, or its word."""
        value = str(self.words[cell]) or f"{self.values[cell]:.4g}"
        n_trials = int(self.n_trials[cell])
        return f"{value}\nbest of {n_trials}" if n_trials > 1 else value


def measure_grid(
    source: Source,
    measure: str,
    *,
    where: Mapping[str, object] | None = None,
    columns: str = "mu",
    rows: str = "rank",
) -> MeasureGrid:
    """Lay a measure out over two settings.

    Parameters
    ----------
    source : Results, TrialTable or Dataset
    measure : str
    where : mapping of setting to value, optional
        Which trials, such as ``{"model": "demo", "regularizer": "lrs"}``. Where several
        trials share a cell, the best is taken and the cell says of how many.
    columns, rows : str
        Settings along the two sides.
    """
    table = trials_of(source)
    table.measured(measure)
    chosen = table.select(where)
    laid = trial_grid(chosen, measure, (rows, columns), best_of=True)
    words = _cell_words(chosen, measure, laid)
    values = np.where(words == "", laid.to_numpy(), np.nan)
    return MeasureGrid(
        values,
        words,
        laid["trial"].to_numpy(),
        laid["n_trials"].to_numpy(),
        tuple(ordered_keys(chosen.keys(rows))),
        tuple(ordered_keys(chosen.keys(columns))),
        _best_cell(chosen, measure, laid),
        table.direction(measure),
    )


def _cell_words(table: TrialTable, measure: str, laid: xr.DataArray) -> np.ndarray:
    flags = {flag: word for word, flag in STATUS_FLAGS.items()}
    words = flags | {NOT_PLANNED_FLAG: NOT_PLANNED}
    states = np.array([words[int(flag)] for flag in laid["status"].to_numpy().ravel()])
    return _words(table, measure, states, laid.to_numpy().ravel()).reshape(laid.shape)


def _best_cell(
    table: TrialTable, measure: str, laid: xr.DataArray
) -> tuple[int, int] | None:
    if table.direction(measure) == "none":
        return None
    ranks = dict(zip(table.trials, merits(table, measure), strict=True))
    finite = [ranks.get(str(i), np.nan) for i in laid["trial"].to_numpy().ravel()]
    if not np.isfinite(finite).any():
        return None
    row, column = np.unravel_index(int(np.nanargmax(finite)), laid.shape)
    return int(row), int(column)


def trial_words(table: TrialTable, measure: str) -> list[str]:
    """Return, per trial, why its measure cannot be drawn; empty where it can."""
    states = table.frame["status"].to_numpy(str)
    return [str(w) for w in _words(table, measure, states, table.measured(measure))]


def _words(
    table: TrialTable,
    measure: str,
    states: Sequence[str] | np.ndarray,
    values: np.ndarray,
) -> np.ndarray:
    missing = NEEDS_TRUTH if table.needs_truth(measure) else NOT_MEASURED
    words = [
        str(state) if state != DONE else "" if is_known else missing
        for state, is_known in zip(states, np.isfinite(values), strict=True)
    ]
    return np.array(words, dtype=object)


def slices_of(table: TrialTable, sides: Sequence[str]) -> list[dict[str, SettingKey]]:
    """Return every combination that was run of the swept settings but `sides`."""
    names = [name for name in table.swept() if name not in sides]
    rows = zip(*(table.keys(name) for name in names), strict=True)
    combinations = dict.fromkeys(rows) if names else {(): None}
    return [dict(zip(names, keys, strict=True)) for keys in combinations]
