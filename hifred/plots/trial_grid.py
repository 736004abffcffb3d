"""The grid of a sweep as one draws it: a value, or the word for why there is none."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import xarray as xr

from hifred.errors import HifredError, unknown_name
from hifred.measures import MEASURES
from hifred.plots.labels import setting_text
from hifred.store import Results
from hifred.store.collected import open_table

DONE = "done"
NOT_PLANNED = "not planned"
NEEDS_TRUTH = "no truth"
NOT_MEASURED = "not measured"

# Measures that a page shows first.
PREFERRED = (
    "nmse_db",
    "held_out_error",
    "held_out_deviance",
    "deviance",
    "asam_bright",
    "asam",
)
TRUTH_MEASURES = tuple(name for name, about in MEASURES.items() if about.needs_truth)


SettingKey = float | str | None


Source = Results | xr.Dataset


def collected(source: Source) -> xr.Dataset:
    """Return settings, status and measures of all trials, failed ones included."""
    if isinstance(source, xr.Dataset):
        return source
    table = open_table(source.generation).drop_vars("record", errors="ignore").load()
    texts = {k: v for k, v in table.variables.items() if v.dtype.kind in "TO"}
    plain = {
        k: (v.dims, v.to_numpy().astype(object).astype(str)) for k, v in texts.items()
    }
    coords = {k: v for k, v in plain.items() if k in table.coords}
    return table.assign_coords(coords).assign(
        {k: v for k, v in plain.items() if k not in coords}
    )


def status_words(dataset: xr.Dataset) -> np.ndarray:
    """Return the state of each trial as a word, (trial,)."""
    status = dataset["status"]
    if status.dtype.kind in "OUST":
        return status.to_numpy().astype(str)
    meanings = str(status.attrs["flag_meanings"]).split()
    values = np.atleast_1d(status.attrs["flag_values"]).tolist()
    words = dict(zip(values, meanings, strict=True))
    return np.array([words.get(int(v), f"status {v}") for v in status.to_numpy()])


def measure_of(source: Source, measure: str) -> xr.DataArray:
    """Return a measure of every trial, (trial,).

    Raises
    ------
    HifredError
        If the measure needs the truth and no trial has one, or is unknown.
    """
    dataset = collected(source)
    if measure in dataset:
        values = dataset[measure]
        if (
            needs_truth(values)
            and not np.isfinite(values.to_numpy().astype(float)).any()
        ):
            raise truth_is_missing(measure)
        return values
    if measure in TRUTH_MEASURES:
        raise truth_is_missing(measure)
    raise unknown_name("measure", measure, measures_of(dataset))


def needs_truth(values: xr.DataArray) -> bool:
    """Whether a measure compares with the true sky."""
    return bool(values.attrs.get("needs_truth", values.name in TRUTH_MEASURES))


def truth_is_missing(measure: str) -> HifredError:
    """Return the refusal of a measure that needs the truth, on real data."""
    return HifredError(
        f"{measure} must be compared with the true sky; got real data, whose truth "
        "nobody knows. Use held_out_error or deviance instead."
    )


def measures_of(source: Source) -> list[str]:
    """Return the measures in the collected results, the most telling first."""
    dataset = collected(source)
    found = [
        str(name)
        for name, values in dataset.data_vars.items()
        if values.dims == ("trial",)
        and values.dtype.kind == "f"
        and values.attrs.get("direction") in {"higher", "lower"}
    ]
    return sorted(found, key=_liking)


def _liking(name: str) -> int:
    return PREFERRED.index(name) if name in PREFERRED else len(PREFERRED)


def is_higher_better(values: xr.DataArray) -> bool:
    """Whether more of a measure is better."""
    return values.attrs.get("direction", "lower") == "higher"


@dataclass(frozen=True)
class MeasureGrid:
    """A measure over two settings, of one model and regulariser.

    Parameters
    ----------
    values : (row, column) array
        NaN where `words` says why there is no value.
    words : (row, column) array of str
        Empty where there is a value; else a state, such as failed or not planned.
    trials : (row, column) array of str
        Trial ids; empty where none is planned.
    rows, columns : tuple
        Setting of each row and column, in increasing order.
    """

    values: np.ndarray
    words: np.ndarray
    trials: np.ndarray
    rows: tuple[SettingKey, ...]
    columns: tuple[SettingKey, ...]

    @cached_property
    def row_texts(self) -> list[str]:
        """Settings of the rows as text."""
        return [setting_text(value) for value in self.rows]

    @cached_property
    def column_texts(self) -> list[str]:
        """Settings of the columns as text."""
        return [setting_text(value) for value in self.columns]


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
    source : Results or Dataset
    measure : str
    where : mapping of setting to value, optional
        Which trials, such as ``{"model": "demo", "regularizer": "lrs"}``. Where several
        trials share a cell, the best is taken.
    columns, rows : str
        Settings along the two sides.
    """
    dataset = collected(source)
    chosen = dataset.isel(trial=np.flatnonzero(selected(dataset, where or {})))
    measured = measure_of(dataset, measure).isel(
        trial=np.flatnonzero(selected(dataset, where or {}))
    )
    row_keys, column_keys = (setting_keys(chosen, name) for name in (rows, columns))
    row_values, column_values = (ordered_keys(keys) for keys in (row_keys, column_keys))
    shape = (len(row_values), len(column_values))
    values = np.full(shape, np.nan)
    words = np.full(shape, NOT_PLANNED, dtype=object)
    trials = np.full(shape, "", dtype=object)
    drawn, reasons = measured.to_numpy().astype(float), trial_words(chosen, measured)
    names = chosen["trial"].to_numpy()
    for i_trial in _worst_first(drawn, reasons, is_higher_better(measured)):
        cell = (
            row_values.index(row_keys[i_trial]),
            column_values.index(column_keys[i_trial]),
        )
        words[cell], trials[cell] = reasons[i_trial], str(names[i_trial])
        values[cell] = np.nan if reasons[i_trial] else drawn[i_trial]
    return MeasureGrid(values, words, trials, tuple(row_values), tuple(column_values))


def trial_words(dataset: xr.Dataset, measured: xr.DataArray) -> list[str]:
    """Return, per trial, why its measure cannot be drawn; empty where it can."""
    missing = NEEDS_TRUTH if needs_truth(measured) else NOT_MEASURED
    finite = np.isfinite(measured.to_numpy().astype(float))
    return [
        str(state) if state != DONE else "" if is_known else missing
        for state, is_known in zip(status_words(dataset), finite, strict=True)
    ]


def selected(dataset: xr.Dataset, where: Mapping[str, object]) -> np.ndarray:
    """Return which trials have the settings of `where`, (trial,) bool."""
    chosen = np.ones(dataset.sizes["trial"], dtype=bool)
    for name, wanted in where.items():
        if name not in dataset.coords:
            raise unknown_name("setting", name, map(str, dataset.coords))
        wanted_key = setting_key(wanted)
        chosen &= np.array([key == wanted_key for key in setting_keys(dataset, name)])
    return chosen


def setting_key(value: object) -> SettingKey:
    """Return a setting in a form that compares: numbers as float, absent as None."""
    if value is None:
        return None
    if isinstance(value, str | np.str_):
        return _number(str(value))
    number = float(value)  # type: ignore[arg-type]
    return None if np.isnan(number) else number


def _number(text: str) -> SettingKey:
    if text in {"", "nan", "None"}:
        return None
    try:
        return float(text)
    except ValueError:
        return text


def setting_keys(dataset: xr.Dataset, name: str) -> list[SettingKey]:
    """Return a setting of every trial; text, such as mu = varying, where it is one."""
    keys: list[SettingKey] = [None] * dataset.sizes["trial"]
    for column in (name, f"{name}_text"):
        if column in dataset.coords:
            found = [setting_key(value) for value in dataset[column].to_numpy()]
            keys = [a if b is None else b for a, b in zip(keys, found, strict=True)]
    return keys


def ordered_keys(keys: Iterable[SettingKey]) -> list[SettingKey]:
    """Return the different settings in order: absent, numbers, words."""
    return sorted(set(keys), key=_order)


def _order(key: SettingKey) -> tuple[int, float, str]:
    if isinstance(key, float):
        return 1, key, ""
    return (0, 0.0, "") if key is None else (2, 0.0, key)


def _worst_first(
    values: np.ndarray, reasons: list[str], higher_is_better: bool
) -> list[int]:
    scores = values if higher_is_better else -values
    drawable = np.array([not reason for reason in reasons], dtype=bool)
    return [int(i) for i in np.argsort(np.where(drawable, scores, -np.inf))]
