"""The progress of a sweep at one moment: one function for every view of it."""

import functools
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path
from typing import final

from hifred.store.collected import known_records
from hifred.store.trial_file import scalar_measures
from hifred.sweep.plan.declaration import read_declaration
from hifred.sweep.plan.options import RunOptions
from hifred.sweep.plan.plan import Plan, Trial, read_plan
from hifred.sweep.record.driver_lock import live_driver
from hifred.sweep.record.event_log import EventReader
from hifred.sweep.record.events import Progress, TrialOutcome
from hifred.sweep.record.layout import SweepDirectory, open_directory
from hifred.sweep.watch.snapshot_html import snapshot_html
from hifred.sweep.watch.states import (
    BAD_STATES,
    OPEN_STATES,
    TrialHistory,
    TrialState,
    fold_event,
    state_of,
)

N_ERRORS = 5
# Of the time that a trial takes, still to come while it runs.
LEAST_SHARE_LEFT = 0.1
# A driver that was told to stop is no news.
_RECOVERED_FROM = (TrialOutcome.LOST, TrialOutcome.OOM, TrialOutcome.TIMEOUT)


@final
@dataclass(frozen=True)
class Running:
    """One trial at work."""

    id: str
    model: str
    host: str
    attempt: int
    iteration: int | None
    cost: float | None
    fraction: float | None
    seconds: float | None
    rss_mib: float | None


@final
@dataclass(frozen=True)
class Snapshot:
    """The progress of a sweep.

    Parameters
    ----------
    name : str
        Name of the sweep.
    counts : mapping
        Number of trials in each state.
    n_trials : int
        Trials in the plan.
    driver : str or None
        Who is at work.
    seconds_per_trial : float or None
        Median work of the finished trials, s.
    eta_seconds : float or None
        Time until all is done at the present pace, s; None = unknown.
    running : list of Running
        The trials at work.
    errors : list of (str, int)
        The most frequent causes, with their numbers.
    recovered : list of (str, int)
        What ended attempts at trials that have not failed: killed workers and the like.
    damaged_events : int
        Lines of the logs that were skipped.
    """

    name: str
    n_trials: int
    counts: Mapping[str, int]
    driver: str | None
    seconds_per_trial: float | None
    eta_seconds: float | None
    running: list[Running] = field(default_factory=list)
    errors: list[tuple[str, int]] = field(default_factory=list)
    recovered: list[tuple[str, int]] = field(default_factory=list)
    damaged_events: int = 0

    @property
    def n_bad(self) -> int:
        """Return the number of trials that ended badly for good."""
        return sum(self.counts.get(state, 0) for state in BAD_STATES)

    @property
    def n_open(self) -> int:
        """Return the number of trials still to be done."""
        return sum(self.counts.get(state, 0) for state in OPEN_STATES)

    @property
    def exit_code(self) -> int:
        """Return 0 done, 1 some failed, 3 incomplete."""
        return 3 if self.n_open else int(self.n_bad > 0)

    def _repr_html_(self) -> str:
        return snapshot_html(self.name, self.counts, self.eta_seconds, self.errors)

    def as_dict(self) -> dict[str, object]:
        """Return plain values, for JSON."""
        return {**asdict(self), "n_bad": self.n_bad, "n_open": self.n_open}


@final
class SweepView:
    """A sweep directory as it is read again and again: only what is new is read."""

    def __init__(self, root: str | Path) -> None:
        self.directory = open_directory(root)
        self.reader = EventReader(self.directory.events)
        self.histories: dict[str, TrialHistory] = {}
        self.options = _options(self.directory)
        self._plan_stamp: tuple[int, int] | None = None
        self.plan = self._read_plan()

    def _read_plan(self) -> Plan:
        stat = self.directory.plan.stat()
        stamp = (stat.st_mtime_ns, stat.st_size)
        if stamp != self._plan_stamp:
            self._plan_stamp = stamp
            self.plan = read_plan(self.directory)
        return self.plan

    def refresh(self) -> None:
        """Read what is new in the plan and the logs."""
        self._read_plan()
        for event in self.reader.new_events():
            fold_event(self.histories, event)

    def states(self) -> dict[str, TrialState]:
        """Return the state of every trial, as of now."""
        self.refresh()
        published = self.directory.published()
        driven = live_driver(self.directory.lock) is not None
        return states_of(
            self.plan.trials, self.histories, self.options,
            published=published, driven=driven,
        )  # fmt: skip

    @functools.cached_property
    def collected_measures(self) -> dict[str, dict[str, float]]:
        """Return the scalars of the trials that have been collected, by id."""
        records = known_records(self.directory.results)
        return {trial: scalar_measures(record) for trial, record in records.items()}

    def _repr_html_(self) -> str:
        return self.snapshot()._repr_html_()

    def snapshot(self) -> Snapshot:
        """Return the progress as of now."""
        states = self.states()
        driver = live_driver(self.directory.lock)
        return summarise(
            self.plan, states, self.histories,
            driver=None if driver is None else str(driver),
            damaged_events=self.reader.n_damaged,
        )  # fmt: skip


def _options(directory: SweepDirectory) -> RunOptions:
    if not directory.declaration.exists():
        return RunOptions()
    return read_declaration(directory.declaration).run


def snapshot(root: str | Path) -> Snapshot:
    """Return the progress of the sweep in directory `root`."""
    return SweepView(root).snapshot()


def states_of(
    trials: Iterable[Trial],
    histories: Mapping[str, TrialHistory],
    options: RunOptions,
    *,
    published: set[str],
    driven: bool,
) -> dict[str, TrialState]:
    """Return the state of each of `trials`."""
    return {
        trial.id: state_of(
            histories.get(trial.id),
            published=trial.id in published,
            driven=driven,
            retries=options.retries,
        )
        for trial in trials
    }


def summarise(
    plan: Plan,
    states: Mapping[str, TrialState],
    histories: Mapping[str, TrialHistory],
    *,
    driver: str | None,
    damaged_events: int = 0,
) -> Snapshot:
    """Put the states of all trials into one snapshot."""
    found = Counter(states.values())
    counts = {state.value: found.get(state, 0) for state in TrialState}
    done = [t for t in plan.trials if states.get(t.id) is TrialState.DONE]
    left = [t for t in plan.trials if states.get(t.id) in OPEN_STATES]
    taken = seconds_by_kind(done, histories)
    running = [
        _running(trial, histories[trial.id])
        for trial in plan.trials
        if states.get(trial.id) is TrialState.RUNNING
    ]
    return Snapshot(
        name=plan.head.name,
        n_trials=len(states),
        counts=counts,
        driver=driver,
        seconds_per_trial=statistics.fmean(chain(*taken.values())) if taken else None,
        eta_seconds=_eta(left, taken, running) if driver else None,
        running=running,
        errors=_top_errors(states, histories),
        recovered=_top_recovered(states, histories),
        damaged_events=damaged_events,
    )


def seconds_by_kind(
    trials: Iterable[Trial], histories: Mapping[str, TrialHistory]
) -> dict[str, list[float]]:
    """Return how long trials took, s, by `kind_of`; those that do not tell left out."""
    taken = defaultdict(list)
    for trial in trials:
        history = histories.get(trial.id)
        finish = None if history is None else history.finish
        if finish is not None and finish.seconds is not None:
            taken[kind_of(trial.settings)].append(finish.seconds)
    return taken


def kind_of(settings: Mapping[str, object]) -> str:
    """Return the regularizer, of whose trials one takes about as long as another."""
    return str(settings.get("regularizer", "all"))


def _eta(
    left: Sequence[Trial], taken: Mapping[str, list[float]], running: list[Running]
) -> float | None:
    """Return the time until all is done at the present pace; None = unknown.

    A trial is expected to take as long as others of its kind, or as all.
    """
    if not taken or not left:
        return None
    of_all = statistics.fmean(chain(*taken.values()))
    typical = {kind: statistics.fmean(seconds) for kind, seconds in taken.items()}
    spent = {one.id: one.seconds or 0.0 for one in running}
    work = sum(
        _left(typical.get(kind_of(t.settings), of_all), spent.get(t.id, 0.0))
        for t in left
    )
    return work / max(len(running), 1)


def _left(expected: float, spent: float) -> float:
    """Return what a trial still takes: never nothing, also if it takes unduly long."""
    return max(expected - spent, LEAST_SHARE_LEFT * max(spent, expected))


def _running(trial: Trial, history: TrialHistory) -> Running:
    told = history.progress
    if told is None or told.attempt != history.attempt:
        told = Progress(trial_id=trial.id)
    return Running(
        id=trial.id,
        model=trial.model,
        host="" if history.place is None else history.place.host,
        attempt=history.attempt,
        iteration=told.iteration,
        cost=told.cost,
        fraction=told.fraction,
        seconds=told.seconds,
        rss_mib=told.rss_mib,
    )


def _top_errors(
    states: Mapping[str, TrialState], histories: Mapping[str, TrialHistory]
) -> list[tuple[str, int]]:
    messages = Counter(
        f"{state}: {histories[trial_id].message}"
        for trial_id, state in states.items()
        if state in BAD_STATES
    )
    return messages.most_common(N_ERRORS)


def _top_recovered(
    states: Mapping[str, TrialState], histories: Mapping[str, TrialHistory]
) -> list[tuple[str, int]]:
    messages = Counter(
        f"{end.outcome}: {end.message}"
        for trial_id, state in states.items()
        if state not in BAD_STATES and trial_id in histories
        for end in histories[trial_id].ends.values()
        if end.outcome in _RECOVERED_FROM
    )
    return messages.most_common(N_ERRORS)
