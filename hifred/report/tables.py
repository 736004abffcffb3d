"""Tables of the page: what stands in their cells, and by what they are sorted."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import final

import numpy as np

from hifred.measures.names import NAMES, measure_name
from hifred.plots.labels import measure_unit, plain_unit
from hifred.store.ranking import merits, ranked_measures, ranked_trials
from hifred.store.trial_table import SettingKey, TrialTable, ordered_keys, setting_text

# Beyond this the page is slow to sort; `hifred export` writes them all.
MOST_ROWS = 500
MOST_MEASURES = 6
ARROWS = {"higher": "↑", "lower": "↓", "zero": "→ 0"}


@final
@dataclass(frozen=True)
class Table:
    """A table of the page.

    Parameters
    ----------
    caption : str
    headings : sequence of str
    rows : sequence of sequence of str
        Text of the cells.
    numbers : set of int
        Columns of numbers, which stand at the right.
    places : sequence of sequence of int
        For each row its place in the order of each column; empty if not sortable.
    """

    caption: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: frozenset[int] = frozenset()
    places: Sequence[Sequence[int]] = field(default=(), repr=False)


def trials_table(
    table: TrialTable, trials: Sequence[str], caption: str, *, is_sortable: bool = False
) -> Table:
    """Return settings, state and measures of some trials, in this order.

    Parameters
    ----------
    table : TrialTable
    trials : sequence of str
        Ids.
    caption : str
    is_sortable : bool
        Whether the page can sort it; it then has every measure, else the main ones.
    """
    chosen = table.take([table.trials.index(trial) for trial in trials])
    settings = ["model", *(n for n in table.telling_settings if n != "model")]
    states = [] if chosen.is_done.all() else ["status"]
    measures = [n for n in ranked_measures(table) if chosen.frame[n].notna().any()]
    measures = measures if is_sortable else _main(measures)
    columns = {name: _setting_cells(chosen, name) for name in settings}
    for name in states:
        columns[name] = [str(word) for word in chosen.frame[name]]
    for name in measures:
        columns[measure_heading(table, name)] = _number_cells(chosen.frame[name])
    columns["time (s)"] = _number_cells(_seconds(chosen))
    columns["trial"] = list(trials)
    first_number = len(settings) + len(states)
    numbers = {i for i, n in enumerate(settings) if n not in ("model", "regularizer")}
    numbers |= set(range(first_number, first_number + len(measures) + 1))
    places = _places(chosen, settings, states, measures) if is_sortable else ()
    rows = list(zip(*columns.values(), strict=True))
    return Table(caption, list(columns), rows, frozenset(numbers), places)


def _main(measures: Sequence[str]) -> list[str]:
    """Return the few measures that fit a page, without those of one instrument."""
    names = [name for name in measures if name in NAMES and name != "objective"]
    return names[:MOST_MEASURES]


def _setting_cells(table: TrialTable, name: str) -> list[str]:
    return [setting_text(key) for key in table.keys(name)]


def _number_cells(values: Iterable[float]) -> list[str]:
    return [number_text(value) for value in values]


def all_trials_table(table: TrialTable) -> Table:
    """Return all trials, the best first, in a table that can be sorted."""
    ranked = ranked_trials(table)
    trials = [*ranked, *(name for name in table.trials if name not in set(ranked))]
    caption = f"All {len(trials)} trials"
    if len(trials) > MOST_ROWS:
        caption = (
            f"The first {MOST_ROWS} of {len(trials)} trials; `hifred export` writes all"
        )
    return trials_table(table, trials[:MOST_ROWS], caption, is_sortable=True)


def measure_heading(table: TrialTable, measure: str) -> str:
    """Return the heading of a measure: its name, which way is better, its unit."""
    unit = measure_unit(table, measure)
    short = {"1": "", "standard deviations": " (σ)"}
    shown = short.get(unit, f" ({plain_unit(unit)})")
    return f"{measure_name(measure)} {ARROWS[table.direction(measure)]}{shown}"


def number_text(value: float) -> str:
    """Return a number with at most four digits; a dash where there is none."""
    return f"{value:.4g}" if value == value else "–"


def _seconds(table: TrialTable) -> np.ndarray:
    if "seconds" not in table.frame:
        return np.full(len(table), np.nan)
    return table.frame["seconds"].to_numpy(float)


def _places(
    table: TrialTable,
    settings: Sequence[str],
    states: Sequence[str],
    measures: Sequence[str],
) -> list[tuple[int, ...]]:
    """Return for each row its place by each column: measures have the best first."""
    orders = [_order_of(table.keys(name)) for name in settings]
    orders += [_order_of([str(w) for w in table.frame[name]]) for name in states]
    orders += [_ranks(-merits(table, name)) for name in measures]
    orders += [_ranks(_seconds(table)), np.arange(len(table))]
    return [tuple(int(v) for v in row) for row in np.stack(orders, axis=1)]


def _order_of(keys: Sequence[SettingKey]) -> np.ndarray:
    index = {key: i for i, key in enumerate(ordered_keys(keys))}
    return np.array([index[key] for key in keys])


def _ranks(values: np.ndarray) -> np.ndarray:
    """Return the place of each value in increasing order; NaN come last."""
    return np.argsort(
        np.argsort(np.where(np.isnan(values), np.inf, values), kind="stable")
    )
