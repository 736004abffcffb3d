"""What the page says in words and tables: states, best settings, provenance."""

import json
from collections.abc import Mapping
from typing import Any

import xarray as xr

from hifred.measures import measure_meanings, measure_name
from hifred.report.tables import Table, trials_table
from hifred.store.ranking import best_of_each, criterion, ranked_measures, ranked_trials
from hifred.store.trial_table import TrialTable, setting_text

N_BEST = 5


def best_trials(table: TrialTable, model: str, n: int = N_BEST) -> list[str]:
    """Return the best finished trials of a model, the best first."""
    return ranked_trials(table.select({"model": model}))[:n]


def best_per_regularizer(table: TrialTable, model: str) -> list[str]:
    """Return the best finished trial of each regulariser of a model."""
    return best_of_each(table.select({"model": model}), "regularizer")


def states_table(table: TrialTable) -> Table:
    """Return the number of trials in each state, by model."""
    states = table.frame["status"]
    words = list(dict.fromkeys(states))
    rows = []
    for model in table.models:
        counts = states[table.mask({"model": model})].value_counts()
        rows.append([model, *(str(counts.get(word, 0)) for word in words)])
    return Table("Trials by model and state", ["model", *words], rows)


def failures_table(table: TrialTable) -> Table | None:
    """Return every trial that is not done, with its reason; None if all are done."""
    failed = table.take(~table.is_done)
    if not len(failed):
        return None
    rows = [
        [
            trial,
            str(row["model"]),
            settings_text(table, trial),
            str(row["status"]),
            str(row.get("message", "")) or "–",
        ]
        for trial, row in failed.frame.iterrows()
    ]
    headings = ["trial", "model", "settings", "state", "reason"]
    return Table("Trials without a result", headings, rows)


def best_table(table: TrialTable, model: str) -> Table:
    """Return settings and measures of the best trials of a model."""
    of_model = table.select({"model": model})
    by = criterion(of_model)
    caption = f"Best trials of {model}" + (f" by {measure_name(by)}" if by else "")
    return trials_table(table, best_trials(table, model), caption)


def choices_table(table: TrialTable) -> Table | None:
    """Return the best trial of each model and regulariser; None if none is done."""
    trials = [t for model in table.models for t in best_per_regularizer(table, model)]
    caption = "Best of each model and regulariser"
    return trials_table(table, trials, caption) if trials else None


def glossary(table: TrialTable) -> list[tuple[str, str]]:
    """Return what the measures of a sweep are called, and what they say."""
    return list(measure_meanings(ranked_measures(table)).items())


def provenance_table(result: xr.Dataset) -> Table:
    """Return where a trial came from: versions, machine, seeds, digests."""
    record = result.attrs.get("record", {})
    record = json.loads(record) if isinstance(record, str) else record
    facts = {k: v for k, v in record.items() if k != "settings"}
    rows = [[name, value] for name, value in _flattened(facts)]
    return Table("Provenance of the best trial", ["fact", "value"], rows)


def settings_text(table: TrialTable, trial: str) -> str:
    """Return every swept setting that a trial reads, such as ``lrs, mu 0.01``."""
    words = [
        f"{name} {text}"
        for name in table.telling_settings
        if name != "model" and (text := setting_text(table.setting(trial, name))) != "–"
    ]
    return ", ".join(words)


def _flattened(facts: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for name, value in facts.items():
        if isinstance(value, Mapping):
            rows += _flattened(value, f"{prefix}{name}.")
        elif value not in (None, "", []):
            shown = value if isinstance(value, str) else json.dumps(value)
            rows.append((f"{prefix}{name}", shown))
    return rows
