"""Which trial is handed out next: clean ones first, suspects alone at the end."""

from collections import deque
from collections.abc import Iterable
from typing import final

from hifred.sweep.plan.plan import Trial


@final
class TrialQueue:
    """Trials that wait to be handed out.

    A trial that starts from another's result waits until that is published, in this
    run or a later one: until then it is pending, and `blocked` lists it.

    Parameters
    ----------
    published : set of str
        Ids of the finished trials; shared with the driver, who adds to it.
    """

    def __init__(self, published: set[str]) -> None:
        self._published = published
        self._ready: deque[Trial] = deque()
        self._suspects: deque[Trial] = deque()
        self._waiting: dict[str, list[Trial]] = {}

    def add(self, trials: Iterable[Trial], *, suspect: bool = False) -> None:
        """Queue `trials`, or let them wait for the trial that they start from."""
        for trial in trials:
            if trial.after is not None and trial.after not in self._published:
                self._waiting.setdefault(trial.after, []).append(trial)
            elif suspect:
                self._suspects.append(trial)
            else:
                self._ready.append(trial)

    def on_published(self, trial_id: str) -> None:
        """Free the trials that waited for this one."""
        self._ready.extend(self._waiting.pop(trial_id, []))

    def next(self, n_in_flight: int, room: int) -> Trial | None:
        """Return the next trial; None = wait. A suspect is alone in flight.

        Parameters
        ----------
        n_in_flight : int
            Trials handed out and not yet answered.
        room : int
            Most that may be in flight.
        """
        if self._ready:
            return self._ready.popleft() if n_in_flight < room else None
        if self._suspects and n_in_flight == 0:
            return self._suspects.popleft()
        return None

    def drop(self, trial_ids: set[str]) -> None:
        """Take out the trials that were cancelled."""
        self._ready = deque(t for t in self._ready if t.id not in trial_ids)
        self._suspects = deque(t for t in self._suspects if t.id not in trial_ids)
        self._waiting = {
            after: [trial for trial in trials if trial.id not in trial_ids]
            for after, trials in self._waiting.items()
        }

    def __len__(self) -> int:
        return len(self._ready) + len(self._suspects)

    @property
    def blocked(self) -> list[Trial]:
        """Return the trials that wait for another one."""
        return [trial for trials in self._waiting.values() for trial in trials]
