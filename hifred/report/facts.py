"""What the page says in words and tables: states, best settings, provenance."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from hifred.plots.labels import plain_unit, setting_text
from hifred.plots.shelf import Shelf
from hifred.plots.trial_grid import (
    DONE,
    is_higher_better,
    measures_of,
    setting_keys,
    status_words,
)

SETTINGS = ("regularizer", "mu", "rank", "solver")
# The measure that ranks: the first that was taken.
RANKING = ("nmse_db", "held_out_error", "held_out_deviance", "deviance")
SHOWN_MEASURES = (
    "nmse_db", "asam", "asam_bright", "acssim", "ergas", "held_out_error",
    "held_out_deviance",
    "deviance",
)  # fmt: skip
N_BEST = 5


@dataclass(frozen=True)
class Table:
    """A table of the page: its caption, headings and rows of text."""

    caption: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]


def ranking_measure(table: xr.Dataset, model: str) -> str | None:
    """Return the measure that ranks the trials of a model; None if none was taken."""
    of_model = table.isel(trial=np.flatnonzero(table["model"].to_numpy() == model))
    known = measures_of(table)
    for name in (*(n for n in RANKING if n in known), *known):
        if np.isfinite(of_model[name].to_numpy()).any():
            return str(name)
    return None


def best_trials(table: xr.Dataset, model: str, n: int = N_BEST) -> list[str]:
    """Return the best finished trials of a model, the best first."""
    measure = ranking_measure(table, model)
    done = (status_words(table) == DONE) & (table["model"].to_numpy() == model)
    if measure is None:
        return [str(trial) for trial in table["trial"].to_numpy()[done][:n]]
    sign = -1.0 if is_higher_better(table[measure]) else 1.0
    values = np.where(done, sign * table[measure].to_numpy(), np.nan)
    order = np.argsort(values)[: int(np.isfinite(values).sum())]
    return [str(trial) for trial in table["trial"].to_numpy()[order[:n]]]


def best_per_regularizer(table: xr.Dataset, model: str) -> dict[str, str]:
    """Return the best finished trial of each regulariser of a model."""
    found: dict[str, str] = {}
    for trial in best_trials(table, model, n=table.sizes["trial"]):
        name = str(table["regularizer"].sel(trial=trial).item())
        found.setdefault(name, trial)
    return found


def states_table(table: xr.Dataset) -> Table:
    """Return the number of trials in each state, by model."""
    words = status_words(table)
    models = [str(m) for m in np.unique(table["model"].to_numpy().astype(str))]
    found = [str(word) for word in dict.fromkeys(words)]
    of_model = table["model"].to_numpy().astype(str)
    rows = [
        [model, *(str(int(np.sum((words == w) & (of_model == model)))) for w in found)]
        for model in models
    ]
    return Table("Trials by model and state", ["model", *found], rows)


def failures_table(table: xr.Dataset) -> Table | None:
    """Return every trial that is not done, with its reason; None if all are done."""
    words = status_words(table)
    rows = []
    for i_trial in np.flatnonzero(words != DONE):
        reason = str(table["message"].to_numpy()[i_trial]) if "message" in table else ""
        settings = _settings_text(table.isel(trial=[i_trial]))
        trial = str(table["trial"].to_numpy()[i_trial])
        model = str(table["model"].to_numpy()[i_trial])
        rows.append([trial, model, settings, str(words[i_trial]), reason or "–"])
    if not rows:
        return None
    headings = ["trial", "model", "settings", "state", "reason"]
    return Table("Trials without a result", headings, rows)


def best_table(shelf: Shelf, model: str) -> Table:
    """Return settings and measures of the best trials of a model."""
    table = shelf.table
    known = [name for name in SHOWN_MEASURES if name in measures_of(table)]
    settings = [name for name in SETTINGS if _differs(table, name)]
    headings = ["trial", *settings, *(_heading(table[name]) for name in known)]
    rows = []
    for trial in best_trials(table, model):
        row = shelf.row(trial)
        values = [f"{float(row[name]):.5g}" for name in known]
        shown = [setting_text(shelf.setting(trial, name)) for name in settings]
        rows.append([trial, *shown, *(_or_dash(value) for value in values)])
    measure = ranking_measure(table, model)
    return Table(f"Best trials of {model} by {measure}", headings, rows)


def provenance_table(result: xr.Dataset) -> Table:
    """Return where a trial came from: versions, machine, seeds, digests."""
    record = result.attrs.get("record", {})
    record = json.loads(record) if isinstance(record, str) else record
    facts = {k: v for k, v in record.items() if k != "settings"}
    rows = [[name, value] for name, value in _flattened(facts)]
    return Table("Provenance of the best trial", ["fact", "value"], rows)


def _settings_text(row: xr.Dataset) -> str:
    words = [
        f"{name} {text}"
        for name in SETTINGS
        if (text := setting_text(setting_keys(row, name)[0])) != "–"
    ]
    return ", ".join(words)


def _differs(table: xr.Dataset, name: str) -> bool:
    return len(set(setting_keys(table, name))) > 1


def _heading(values: xr.DataArray) -> str:
    unit = str(values.attrs.get("units", "1"))
    arrow = "↑" if is_higher_better(values) else "↓"
    return f"{values.name} {arrow}" + ("" if unit == "1" else f" ({plain_unit(unit)})")


def _or_dash(value: str) -> str:
    return "not measured" if value == "nan" else value


def _flattened(facts: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, value in facts.items():
        if isinstance(value, Mapping):
            found += _flattened(value, f"{prefix}{name}.")
        elif value not in (None, "", []):
            shown = value if isinstance(value, str) else json.dumps(value)
            found.append((f"{prefix}{name}", shown))
    return found
