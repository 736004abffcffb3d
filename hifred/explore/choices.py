"""Which trials there are to choose from, and which one a set of settings names."""

from collections.abc import Mapping
from typing import final

import numpy as np
import xarray as xr

from hifred.plots.labels import setting_text
from hifred.plots.trial_grid import (
    DONE,
    SettingKey,
    is_higher_better,
    measures_of,
    ordered_keys,
    setting_keys,
    status_words,
)

SETTINGS = ("model", "regularizer", "mu", "rank")
NO_SETTINGS = ("trial", "metrics")


def swept_settings(table: xr.Dataset) -> list[str]:
    """Return model, regularizer, mu, rank, and whatever else differs among trials."""
    others = [
        str(name)
        for name, values in table.coords.items()
        if name not in {*SETTINGS, *NO_SETTINGS}
        and values.dims == ("trial",)
        and not str(name).endswith("_text")
        and len({*setting_keys(table, str(name))} - {None}) > 1
    ]
    return [*(name for name in SETTINGS if name in table.coords), *others]


@final
class Choices:
    """The grid of a sweep as lists to choose from.

    Parameters
    ----------
    table : Dataset
        Collected results.
    """

    def __init__(self, table: xr.Dataset) -> None:
        self.table = table
        self._trials = [str(trial) for trial in table["trial"].to_numpy()]
        self._keys = {name: setting_keys(table, name) for name in swept_settings(table)}

    @property
    def names(self) -> list[str]:
        """Names of the settings that one can choose."""
        return list(self._keys)

    def options(self, name: str, where: Mapping[str, SettingKey]) -> dict[str, object]:
        """Return the values of a setting among some trials, by their text."""
        members = self._members(where)
        keys = self._keys.get(name, [None] * len(self._trials))
        return {setting_text(k): k for k in ordered_keys(keys[i] for i in members)}

    def find(self, where: Mapping[str, SettingKey]) -> str | None:
        """Return a trial with these settings, the first if there are several."""
        members = self._members(where)
        return self._trials[members[0]] if members else None

    def nearest(self, where: Mapping[str, SettingKey]) -> str:
        """Return the trial that agrees with most settings, the first of them first.

        Settings are let go from the last on, until some trial has the others.
        """
        kept = dict(where)
        while (found := self.find(kept)) is None and kept:
            kept.popitem()
        return found or self._trials[0]

    def settings(self, trial: str) -> dict[str, SettingKey]:
        """Return the settings of a trial in the order model, regularizer, mu, rank."""
        index = self._trials.index(trial)
        return {name: keys[index] for name, keys in self._keys.items()}

    def first(self) -> str:
        """Return the best finished trial by the first measure; else the first trial."""
        done = status_words(self.table) == DONE
        for name in measures_of(self.table):
            measured = self.table[name]
            values = np.where(done, measured.to_numpy().astype(float), np.nan)
            if np.isfinite(values).any():
                sign = 1 if is_higher_better(measured) else -1
                return self._trials[int(np.nanargmax(sign * values))]
        return self._trials[int(np.argmax(done))]

    def _members(self, where: Mapping[str, SettingKey]) -> list[int]:
        return [
            i
            for i in range(len(self._trials))
            if all(self._keys[k][i] == v for k, v in where.items() if k in self._keys)
        ]
