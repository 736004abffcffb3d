"""A sweep that may still run: what is shown of it, how old that is, what is new."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self, final

from hifred.plots.shelf import Shelf, open_shelf
from hifred.sweep import snapshot
from hifred.sweep.watch.states import OPEN_STATES

MINUTE_S = 60


@final
@dataclass(frozen=True)
class Freshness:
    """How far a sweep is, and how much of it is shown.

    Parameters
    ----------
    n_ended, n_all, n_shown : int
        Trials that have ended by now, all, and those that had when it was read.
    age_s : float
        Since it was read, seconds.
    """

    n_ended: int
    n_all: int
    n_shown: int
    age_s: float

    @property
    def is_whole(self) -> bool:
        """Whether everything is shown that there will be."""
        return self.n_shown == self.n_ended == self.n_all

    @property
    def has_news(self) -> bool:
        """Whether more is to be seen than is shown."""
        return self.n_ended != self.n_shown

    @property
    def text(self) -> str:
        """The progress in words."""
        if self.is_whole:
            return f"All {self.n_all} trials have ended; read {self._age}."
        told = f"{self.n_ended} of {self.n_all} trials have ended"
        if self.has_news:
            return f"{told}; shown are {self.n_shown}, read {self._age}."
        return f"{told}; read {self._age}."

    @property
    def _age(self) -> str:
        minutes = int(self.age_s // MINUTE_S)
        return f"{minutes} min ago" if minutes else "less than a minute ago"


@final
class RunningSweep:
    """The shelf of a sweep, read again when a visitor asks.

    Parameters
    ----------
    read : callable
        Returns the shelf of the trials that have ended.
    count : callable
        Returns how many have ended, and how many there are.
    clock : callable
        Returns seconds.
    """

    def __init__(
        self,
        read: Callable[[], Shelf],
        count: Callable[[], tuple[int, int]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read, self._count, self._clock = read, count, clock
        self.read_again()

    @classmethod
    def of(cls, directory: Path) -> Self:
        """Return the sweep of a directory; it is collected if need be."""
        return cls(lambda: open_shelf(directory), lambda: _ended(directory))

    def read_again(self) -> None:
        """Read what there is by now."""
        # Counted first: what ends in between is told as new, and not left out.
        self._n_shown = self._count()[0]
        self.shelf = self._read()
        self._read_at = self._clock()

    @property
    def progress(self) -> Freshness:
        """How far the sweep is now."""
        age = self._clock() - self._read_at
        return Freshness(*self._count(), self._n_shown, age)


def _ended(directory: Path) -> tuple[int, int]:
    counts = snapshot(directory).counts
    n_all = sum(counts.values())
    return n_all - sum(counts[state] for state in OPEN_STATES), n_all
