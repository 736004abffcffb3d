"""The rows of all trials as one labelled dataset along `trial`."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from hifred.store.trial_row import STATUS_FLAGS, TrialRow

TRIAL = "trial"
TEXT = np.dtypes.StringDType()
ABSENT = "a value that this trial does not read; `status` and `record` tell"
RECORD_FACTS = {
    "seconds": ("s", "work on the trial, over all attempts"),
    "iterations": ("1", "iterations done"),
    "attempt": ("1", "attempt that was published"),
}
SETTING_UNITS = {"margin_pixels": "pixel", "margin_channels": "channel"}


def result_table(rows: Sequence[TrialRow]) -> xr.Dataset:
    """Return the dataset of `rows`: settings, status, measures and provenance.

    Parameters
    ----------
    rows : sequence of TrialRow
        In the order of the plan.

    Returns
    -------
    Dataset
        Dimension ``trial``, whose coordinate is the trial's id.
    """
    coords: dict[str, Any] = {
        TRIAL: _text([row.trial_id for row in rows], "trial id"),
        "model": _text([row.model for row in rows], "name of the model"),
        "seed": _numbers([row.seed for row in rows], "seed", "1", "random seed"),
    }
    coords |= _setting_coordinates(rows)
    variables = {"status": _status(rows)} | _measures(rows) | _facts(rows)
    variables["message"] = _text(
        [row.message for row in rows], "why there is no result"
    )
    variables["record"] = _text(
        [row.record for row in rows],
        "settings, provenance and measures of the trial file, as JSON",
    )
    return xr.Dataset(variables, coords)


def _text(values: Sequence[str], long_name: str) -> xr.Variable:
    array = np.array(list(values), dtype=TEXT)
    return xr.Variable(TRIAL, array, {"units": "1", "long_name": long_name})


def _numbers(
    values: Sequence[Any], name: str, units: str, long_name: str
) -> xr.Variable:
    whole = all(isinstance(value, int) for value in values)
    array = np.array(values, dtype=np.int64 if whole else np.float64)
    return xr.Variable(TRIAL, array, {"units": units, "long_name": long_name})


def _status(rows: Sequence[TrialRow]) -> xr.Variable:
    flags = np.array([STATUS_FLAGS[row.status] for row in rows], dtype=np.uint8)
    attrs = {
        "long_name": "state of the trial",
        "units": "1",
        "flag_values": np.array(list(STATUS_FLAGS.values()), dtype=np.uint8),
        "flag_meanings": " ".join(STATUS_FLAGS),
    }
    return xr.Variable(TRIAL, flags, attrs)


def setting_names(rows: Sequence[TrialRow]) -> list[str]:
    """Return the names of all settings with plain values, in order of appearance."""
    names: dict[str, None] = {}
    for row in rows:
        for name, value in row.settings.items():
            if not isinstance(value, Mapping | list):
                names[name] = None
    return list(names)


def _setting_coordinates(rows: Sequence[TrialRow]) -> dict[str, xr.Variable]:
    coords: dict[str, xr.Variable] = {}
    for name in setting_names(rows):
        values = [row.settings.get(name) for row in rows]
        texts = [value for value in values if isinstance(value, str)]
        units = SETTING_UNITS.get(name, "1")
        if len(texts) < sum(value is not None for value in values):
            coords[name] = _number_setting(values, name, units)
        if texts:
            key = f"{name}_text" if name in coords else name
            plain = [value if isinstance(value, str) else "" for value in values]
            coords[key] = _text(plain, f"setting {name}; empty: {ABSENT}")
    return coords


def _number_setting(values: Sequence[Any], name: str, units: str) -> xr.Variable:
    numbers = [
        float("nan") if value is None or isinstance(value, str) else value
        for value in values
    ]
    return _numbers(numbers, name, units, f"setting {name}; NaN: {ABSENT}")


def _measures(rows: Sequence[TrialRow]) -> dict[str, xr.Variable]:
    attrs: dict[str, dict[str, Any]] = {}
    for row in rows:
        for name, fact in (row.attributes or {}).get("measures", {}).items():
            attrs.setdefault(name, dict(fact["attrs"]))
    measured = [row.measures for row in rows]
    return {
        name: xr.Variable(
            TRIAL,
            np.array([values.get(name, np.nan) for values in measured], dtype=float),
            {"units": "1", "long_name": name, **facts},
        )
        for name, facts in attrs.items()
    }


def _facts(rows: Sequence[TrialRow]) -> dict[str, xr.Variable]:
    records = [(row.attributes or {}).get("record", {}) for row in rows]
    variables = {
        name: _numbers(
            [float(record.get(name, np.nan)) for record in records], name, *texts
        )
        for name, texts in RECORD_FACTS.items()
    }
    memory = [record.get("provenance", {}).get("max_rss_mib") for record in records]
    numbers = [np.nan if value is None else float(value) for value in memory]
    variables["max_rss"] = _numbers(
        numbers, "max_rss", "MiB", "largest resident memory of the process"
    )
    outcomes = [str((row.attributes or {}).get("outcome", "")) for row in rows]
    variables["outcome"] = _text(outcomes, "why the solver stopped")
    return variables


def rows_digest(rows: Sequence[TrialRow]) -> str:
    """Return a digest that changes when any row does."""
    digest = hashlib.sha256()
    for row in rows:
        facts = [row.trial_id, row.status, row.message, row.record]
        digest.update(json.dumps(facts).encode("utf-8"))
    return digest.hexdigest()


def records_of(table: xr.Dataset) -> dict[str, Mapping[str, Any]]:
    """Return the attributes of the trials' files, as an earlier table kept them."""
    pairs = zip(table[TRIAL].values, table["record"].values, strict=True)
    return {str(name): json.loads(str(text)) for name, text in pairs if str(text)}
