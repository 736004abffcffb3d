"""All trials of a sweep, one a row: what tables, figures and pages read."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, Self, final

import numpy as np
import pandas as pd
import xarray as xr

from hifred.errors import HifredError, unknown_name
from hifred.measures.catalogue import MEASURES, measure_of
from hifred.store.result_table import TRIAL
from hifred.store.trial_row import STATUS_FLAGS

DONE = "done"
FACTS = ("seconds", "iterations", "attempt", "max_rss", "outcome", "message")
# Numbers of a setting agree when they differ by less than this share.
TOLERANCE = 1e-6
TEXT_SUFFIX = "_text"
LABEL_SETTINGS = ("regularizer", "mu", "rank")
SIGMA = "deviance_sigma"
TRUTH_MEASURES = tuple(name for name, known in MEASURES.items() if known.needs_truth)

SettingKey = float | str | None


@final
class TrialTable:
    """Settings, state, measures and facts of the trials of a sweep.

    Parameters
    ----------
    frame : DataFrame
        One row a trial, its id the index. A setting that a trial does not read is NaN,
        or empty where the setting is text; ``status`` is a word.
    about : mapping of column to attributes
        Units, names and directions, as in the store.
    setting_names : sequence of str
        The columns that are settings, ``model`` and ``seed`` included.
    attrs : mapping
        What is said about the sweep as a whole.
    """

    def __init__(
        self,
        frame: pd.DataFrame,
        about: Mapping[str, Mapping[str, Any]],
        setting_names: Sequence[str],
        attrs: Mapping[str, Any],
    ) -> None:
        self.frame, self.about = frame, about
        self.setting_names, self.attrs = list(setting_names), dict(attrs)
        self._keys: dict[str, list[SettingKey]] = {}

    def __len__(self) -> int:
        return len(self.frame)

    @classmethod
    def of(cls, dataset: xr.Dataset) -> Self:
        """Return the trials of a collected dataset; its cubes are not read."""
        names = [str(n) for n, v in dataset.variables.items() if v.dims == (TRIAL,)]
        columns = {n: _column(dataset[n]) for n in names if n not in (TRIAL, "record")}
        about = {name: dict(dataset[name].attrs) for name in columns}
        settings = _merge_texts([n for n in columns if n in dataset.coords], columns)
        frame = pd.DataFrame(columns, index=_column(dataset[TRIAL]))
        frame.index.name = TRIAL
        frame = frame[[*settings, *(n for n in frame if n not in settings)]]
        frame["status"] = state_words(dataset["status"])
        _add_deviance_sigmas(frame, about)
        return cls(frame, about, settings, dataset.attrs)

    @cached_property
    def measure_names(self) -> list[str]:
        """Names of everything that was measured."""
        other = {*self.setting_names, *FACTS, "status"}
        return [str(name) for name in self.frame if name not in other]

    @property
    def trials(self) -> list[str]:
        """Ids of the trials."""
        return [str(name) for name in self.frame.index]

    @property
    def is_done(self) -> np.ndarray:
        """Which trials have a result, (trial,) bool."""
        return np.asarray(self.frame["status"] == DONE)

    @property
    def models(self) -> list[str]:
        """Names of the models, in alphabetical order."""
        return sorted({str(model) for model in self.frame["model"]})

    def keys(self, name: str) -> list[SettingKey]:
        """Return a setting of every trial in a form that compares; None if not read."""
        if name not in self.setting_names:
            return [None] * len(self)
        if name not in self._keys:
            self._keys[name] = [setting_key(value) for value in self.frame[name]]
        return self._keys[name]

    def setting(self, trial: str, name: str) -> SettingKey:
        """Return a setting of one trial; None where it does not read it."""
        if name not in self.setting_names:
            return None
        return setting_key(self.frame.loc[trial, name])

    @property
    def telling_settings(self) -> list[str]:
        """Settings with several values among the trials that read them."""
        return [n for n in self.swept() if len({*self.keys(n)} - {None}) > 1]

    def label(self, trial: str) -> str:
        """Return a trial's settings as a short text, such as ``lrs mu 0.01 rank 5``."""
        others = [n for n in self.telling_settings if n not in LABEL_SETTINGS]
        words = [
            text if name == "regularizer" else f"{name} {text}"
            for name in (*LABEL_SETTINGS, *others)
            if name != "model"
            and (text := setting_text(self.setting(trial, name))) != "–"
        ]
        return " ".join(words)

    def swept(self, names: Iterable[str] | None = None) -> list[str]:
        """Return the settings that differ among the trials."""
        chosen = self.setting_names if names is None else names
        return [name for name in chosen if len(set(self.keys(name))) > 1]

    def mask(self, where: Mapping[str, Any] | None) -> np.ndarray:
        """Return which trials have what `where` asks for, (trial,) bool.

        Parameters
        ----------
        where : mapping or None
            Column to the value, or list of values, that it must have. Numbers agree to
            1e-6 of themselves; None stands for a setting that is not read.

        Raises
        ------
        SettingsError
            If there is no such column.
        """
        mask = np.ones(len(self), dtype=bool)
        for name, value in (where or {}).items():
            if name not in self.frame:
                raise unknown_name("column", name, self.frame.columns)
            listed = value if isinstance(value, list | tuple) else [value]
            keys = [setting_key(key) for key in self.frame[name]]
            mask &= np.any([_agree(keys, setting_key(v)) for v in listed], axis=0)
        return mask

    def select(self, where: Mapping[str, Any] | None) -> Self:
        """Return the trials that have what `where` asks for, see `mask`."""
        return self.take(self.mask(where))

    def take(self, rows: np.ndarray | Sequence[int]) -> Self:
        """Return some trials: rows by number, or those for which a mask holds."""
        return type(self)(
            self.frame.iloc[rows], self.about, self.setting_names, self.attrs
        )

    def measured(self, name: str) -> np.ndarray:
        """Return a measure of every trial, (trial,) float; NaN where there is none.

        Raises
        ------
        HifredError
            If it needs the truth and no trial has one, or is unknown.
        """
        if name in self.measure_names or name in FACTS[:4]:
            values = np.asarray(self.frame[name], dtype=float)
            if not (self.needs_truth(name) and np.isnan(values).all()):
                return values
        if self.needs_truth(name):
            raise truth_is_missing(name)
        raise unknown_name("measure", name, self.measure_names)

    def needs_truth(self, name: str) -> bool:
        """Whether a measure compares with the true sky."""
        default = name in TRUTH_MEASURES
        return bool(self.about.get(name, {}).get("needs_truth", default))

    def direction(self, name: str) -> str:
        """Return which way a measure is better: higher, lower, zero or none."""
        if name in FACTS[:4]:
            return "lower"
        if name == "deviance" and SIGMA in self.frame:
            # Low is noise fitted; stores of earlier versions called it better.
            return "none"
        return str(self.about.get(name, {}).get("direction", "none"))


def state_words(status: xr.DataArray) -> np.ndarray:
    """Return the state of each trial as a word, from flags as CF has them."""
    if status.dtype.kind in "OUST":
        return status.to_numpy().astype(str)
    flags = status.attrs.get("flag_values", list(STATUS_FLAGS.values()))
    meanings = str(status.attrs.get("flag_meanings", " ".join(STATUS_FLAGS)))
    words = dict(zip(np.atleast_1d(flags).tolist(), meanings.split(), strict=True))
    return np.array([words.get(int(v), f"status {v}") for v in status.to_numpy()])


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


def setting_text(value: object) -> str:
    """Return a setting as one reads it: 3, 0.001, auto; a dash where it has none."""
    if value is None or value == "" or (isinstance(value, float) and np.isnan(value)):
        return "–"
    if isinstance(value, float | np.floating):
        return f"{value:.4g}"
    return str(value)


def ordered_keys(keys: Iterable[SettingKey]) -> list[SettingKey]:
    """Return the different settings in order: absent, numbers, words."""
    return sorted(set(keys), key=_place)


def truth_is_missing(measure: str) -> HifredError:
    """Return the refusal of a measure that needs the truth, on real data."""
    return HifredError(
        f"{measure} must be compared with the true sky; got real data, whose truth "
        "nobody knows. Use held_out_error or deviance_sigma instead."
    )


def _place(key: SettingKey) -> tuple[int, float, str]:
    if isinstance(key, float):
        return 1, key, ""
    return (0, 0.0, "") if key is None else (2, 0.0, key)


def _agree(keys: Sequence[SettingKey], asked: SettingKey) -> np.ndarray:
    if not isinstance(asked, float):
        return np.array([key == asked for key in keys], dtype=bool)
    numbers = [key if isinstance(key, float) else np.nan for key in keys]
    return np.isclose(np.array(numbers, float), asked, rtol=TOLERANCE, atol=0.0)


def _column(values: xr.DataArray) -> np.ndarray:
    array = values.to_numpy()
    if array.dtype.kind not in "TUO":
        return np.asarray(array)
    return np.array([str(value) for value in array], dtype=object)


def _merge_texts(names: Sequence[str], columns: dict[str, Any]) -> list[str]:
    """Put the texts of a setting, such as mu = varying, among its numbers."""
    for name in names:
        texts = columns.get(name + TEXT_SUFFIX)
        if texts is not None:
            del columns[name + TEXT_SUFFIX]
            numbers = columns[name].astype(object)
            columns[name] = np.where(texts == "", numbers, texts)
    return [name for name in names if name in columns]


def _add_deviance_sigmas(frame: pd.DataFrame, about: dict[str, dict[str, Any]]) -> None:
    """Say how far each deviance is from its mean, in standard deviations."""
    totals = [n for n in frame if str(n).startswith("deviance_expected")]
    for expected in map(str, totals):
        ending = expected.removeprefix("deviance_expected")
        names = f"deviance{ending}", f"deviance_variance{ending}"
        name = f"{SIGMA}{ending}"
        if set(names) <= set(frame) and name not in frame:
            excess = frame[names[0]] - frame[expected]
            frame[name] = excess / np.sqrt(frame[names[1]])
            about[name] = dict(measure_of(name).attrs)
