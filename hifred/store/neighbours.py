"""Trials one step of one setting away from a trial."""

from dataclasses import dataclass
from typing import final

import numpy as np

from hifred.store.trial_table import SettingKey, TrialTable


@final
@dataclass(frozen=True)
class Step:
    """One step on the grid.

    Parameters
    ----------
    setting : str
        What changes.
    sign : str
        ``+`` or ``-`` for the next number; else ``=`` and the value.
    trial : str
        The trial that is reached.
    """

    setting: str
    sign: str
    trial: str

    @property
    def text(self) -> str:
        """The step in words, such as ``mu +``."""
        return f"{self.setting} {self.sign}"


def line_through(table: TrialTable, trial: str, setting: str) -> dict[SettingKey, str]:
    """Return the trials that differ from one in a single setting, by its value."""
    row = table.trials.index(trial)
    mask = np.ones(len(table), dtype=bool)
    for name in table.swept():
        if name != setting:
            keys = table.keys(name)
            mask &= np.array([key == keys[row] for key in keys], dtype=bool)
    line = table.take(mask)
    return dict(zip(line.keys(setting), line.trials, strict=True))


def steps_from(table: TrialTable, trial: str) -> list[Step]:
    """Return the steps to the next value of one setting each."""
    steps = []
    for name in table.swept():
        here = table.setting(trial, name)
        line = line_through(table, trial, name)
        if isinstance(here, float):
            steps += _next_numbers(name, here, line)
        elif here is not None:
            others = {k: i for k, i in line.items() if k is not None and k != here}
            steps += [Step(name, f"= {key}", i) for key, i in others.items()]
    return steps


def _next_numbers(name: str, here: float, line: dict[SettingKey, str]) -> list[Step]:
    numbers = sorted(key for key in line if isinstance(key, float))
    place = numbers.index(here)
    below = [Step(name, "-", line[key]) for key in numbers[max(place - 1, 0) : place]]
    above = [Step(name, "+", line[key]) for key in numbers[place + 1 : place + 2]]
    return below + above
