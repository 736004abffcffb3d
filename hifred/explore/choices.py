"""Which trials there are to choose from, and which one a set of settings names."""

from collections.abc import Mapping
from typing import final

from hifred.store.ranking import (
    criterion,
    ranked_measures,
    ranked_trials,
    recommended,
)
from hifred.store.trial_table import SettingKey, TrialTable, ordered_keys, setting_text

SETTINGS = ("model", "regularizer", "mu", "rank")


def swept_settings(table: TrialTable) -> list[str]:
    """Return model, regularizer, mu, rank, and whatever else differs among trials."""
    first = [name for name in SETTINGS if name in table.setting_names]
    return [*first, *(n for n in table.telling_settings if n not in SETTINGS)]


@final
class Choices:
    """The grid of a sweep as lists to choose from.

    Parameters
    ----------
    table : TrialTable
        All trials.
    """

    def __init__(self, table: TrialTable) -> None:
        self.table = table
        self.names = swept_settings(table)
        self._options: dict[object, dict[str, SettingKey]] = {}

    def options(
        self, name: str, where: Mapping[str, SettingKey]
    ) -> dict[str, SettingKey]:
        """Return the values of a setting among some trials, by their text."""
        asked = name, tuple(where.items())
        if asked not in self._options:
            keys = ordered_keys(self.table.select(self._known(where)).keys(name))
            self._options[asked] = {setting_text(key): key for key in keys}
        return self._options[asked]

    def find(self, where: Mapping[str, SettingKey]) -> str | None:
        """Return a trial with these settings, the first if there are several."""
        trials = self.table.select(self._known(where)).trials
        return trials[0] if trials else None

    def nearest(self, where: Mapping[str, SettingKey]) -> str:
        """Return the trial that agrees with most settings, the first of them first.

        Settings are let go from the last on, until some trial has the others.
        """
        kept = dict(where)
        while (match := self.find(kept)) is None and kept:
            kept.popitem()
        return match or self.table.trials[0]

    def settings(self, trial: str) -> dict[str, SettingKey]:
        """Return the settings of a trial in the order model, regularizer, mu, rank."""
        return {name: self.table.setting(trial, name) for name in self.names}

    def first(self) -> str:
        """Return the trial that is recommended; else one that is done, or any."""
        by = criterion(self.table)
        ranked = ranked_trials(self.table, by)
        if not ranked:
            return self.table.trials[0]
        choice = recommended(self.table, str(self.table.frame.loc[ranked[0], "model"]))
        return ranked[0] if choice is None else choice.trial

    @property
    def measure(self) -> str:
        """The measure that tells most; empty if nothing was measured."""
        return next(iter(ranked_measures(self.table)), "")

    def sides(self, columns: str, rows: str) -> tuple[str, str]:
        """Return two settings to lay trials out by: those wanted, or others for them.

        Only a sweep of a single setting has the same on both sides.
        """
        names = [name for name in self.names if name != "model"]
        columns = columns if columns in names else names[0]
        others = [name for name in names if name != columns]
        return columns, rows if rows in others else (others or [columns])[0]

    def _known(self, where: Mapping[str, SettingKey]) -> dict[str, SettingKey]:
        return {name: key for name, key in where.items() if name in self.names}
