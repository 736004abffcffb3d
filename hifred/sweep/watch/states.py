"""The state of every trial: a fold over the events, whatever their clocks say."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import final

from hifred.settings import ByteSize
from hifred.sweep.plan.options import Retries
from hifred.sweep.record.events import (
    Cancelled,
    Ended,
    Event,
    Finished,
    Progress,
    Retried,
    Started,
    Submitted,
    TrialEvent,
    TrialOutcome,
)


@final
class TrialState(StrEnum):
    """What a trial is at one moment."""

    PENDING = "pending"
    SUBMITTED = "submitted"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    DIVERGED = "diverged"
    TIMEOUT = "timeout"
    OOM = "oom"
    LOST = "lost"
    CANCELLED = "cancelled"


STATES = tuple(state.value for state in TrialState)
OPEN_STATES = (TrialState.PENDING, TrialState.SUBMITTED, TrialState.RUNNING)
BAD_STATES = (
    TrialState.FAILED, TrialState.DIVERGED, TrialState.TIMEOUT,
    TrialState.OOM, TrialState.LOST,
)  # fmt: skip


@final
class Stage(IntEnum):
    """How far an attempt came.

    Within one attempt a later stage wins, whichever file or clock it came from.
    """

    UNKNOWN = 0
    SUBMITTED = 1
    STARTED = 2
    PROGRESS = 3
    LOST = 4
    ENDED = 5


@final
@dataclass
class TrialHistory:
    """What the events tell of one trial.

    Parameters
    ----------
    attempt : int
        Number of the latest attempt, from 1; 0 = none yet.
    stage : Stage
        How far that attempt came.
    outcome : TrialOutcome or None
        How it ended without a result; None = it did not.
    ends : mapping
        Attempt to how it ended.
    forgiven : int
        Attempts up to this one do not count any more (``hifred retry``).
    command : int
        Number of the latest retry or cancel; who writes one adds 1 to what he read,
        so that no clock decides which came last.
    cancelled : bool
        Whether that command was a cancel, with `cancel_reason`.
    memory : ByteSize or None
        What it may use since it was last tried again.
    last, finish, place, progress
        The latest end, the publication, where it began, and how far it was.
    """

    attempt: int = 0
    stage: Stage = Stage.UNKNOWN
    outcome: TrialOutcome | None = None
    ends: dict[int, Ended] = field(default_factory=dict)
    forgiven: int = 0
    command: int = 0
    cancelled: bool = False
    cancel_reason: str = ""
    memory: ByteSize | None = None
    last: Ended | None = None
    finish: Finished | None = None
    place: Started | None = None
    progress: Progress | None = None

    @property
    def is_at_work(self) -> bool:
        """Say whether its latest attempt was handed out and has not ended."""
        return self.stage in (Stage.SUBMITTED, Stage.STARTED, Stage.PROGRESS)

    @property
    def message(self) -> str:
        """Return why it last ended without a result."""
        return "" if self.last is None else self.last.message

    @property
    def is_forgiven(self) -> bool:
        """Say whether what it did does not count any more."""
        return self.attempt <= self.forgiven

    def counted(self) -> Counter[TrialOutcome]:
        """Return how often it ended in each way, since it was last forgiven."""
        return Counter(
            end.outcome for attempt, end in self.ends.items() if attempt > self.forgiven
        )

    def may_try_again(self, retries: Retries) -> bool:
        """Say whether the budget of its last outcome is not yet used up."""
        if self.outcome in _NO_FAULT or self.is_forgiven:
            return True
        if self.outcome is TrialOutcome.TIMEOUT and not self._has_advanced:
            return False
        return self.counted()[self.outcome] <= _budget(retries, self.outcome)

    @property
    def _has_advanced(self) -> bool:
        return self.ends[max(self.ends)].advanced

    def is_suspect(self) -> bool:
        """Say whether it was there when a process died, and must run alone."""
        counted = self.counted()
        return counted[TrialOutcome.LOST] + counted[TrialOutcome.OOM] > 0


_NO_FAULT = (None, TrialOutcome.STORAGE, TrialOutcome.STOPPED)


def _budget(retries: Retries, outcome: TrialOutcome) -> int:
    budgets = {
        TrialOutcome.FAILED: retries.failed,
        TrialOutcome.LOST: retries.lost,
        TrialOutcome.TIMEOUT: retries.timeout,
        TrialOutcome.OOM: retries.oom,
    }
    return budgets.get(outcome, 0)


def fold_event(histories: dict[str, TrialHistory], event: Event) -> None:
    """Take one event into the histories; the order between files does not matter."""
    if not isinstance(event, TrialEvent):
        return
    history = histories.setdefault(event.trial_id, TrialHistory())
    match event:
        case Started():
            _on_started(history, event)
        case Submitted():
            _advance(history, event, Stage.SUBMITTED)
        case Progress():
            _on_progress(history, event)
        case Ended():
            _on_end(history, event)
        case Finished():
            _on_finished(history, event)
        case Retried() | Cancelled():
            _on_command(history, event)


def fold(events: Iterable[Event]) -> dict[str, TrialHistory]:
    """Return the history of every trial that `events` mention."""
    histories: dict[str, TrialHistory] = {}
    for event in events:
        fold_event(histories, event)
    return histories


def _advance(history: TrialHistory, event: TrialEvent, stage: Stage) -> bool:
    if event.attempt < history.attempt:
        return False
    if event.attempt > history.attempt:
        history.attempt = event.attempt
        history.stage, history.outcome = Stage.UNKNOWN, None
    if stage < history.stage:
        return False
    history.stage = stage
    return True


def _on_started(history: TrialHistory, event: Started) -> None:
    if event.attempt >= history.attempt:
        history.place = event
    _advance(history, event, Stage.STARTED)


def _on_progress(history: TrialHistory, event: Progress) -> None:
    if _advance(history, event, Stage.PROGRESS):
        history.progress = event


def _on_end(history: TrialHistory, event: Ended) -> None:
    stage = Stage.LOST if event.outcome is TrialOutcome.LOST else Stage.ENDED
    if event.attempt not in history.ends or stage is Stage.ENDED:
        history.ends[event.attempt] = event
    if _advance(history, event, stage):
        history.outcome = event.outcome
        history.last = event


def _on_finished(history: TrialHistory, event: Finished) -> None:
    history.finish = event
    if _advance(history, event, Stage.ENDED):
        history.outcome = None


def _on_command(history: TrialHistory, event: Retried | Cancelled) -> None:
    is_retry = isinstance(event, Retried)
    if is_retry:
        history.forgiven = max(history.forgiven, event.attempt)
    if event.command <= history.command:
        return
    history.command, history.cancelled = event.command, not is_retry
    if isinstance(event, Retried):
        told = event.memory_bytes
        history.memory = history.memory if told is None else ByteSize(told)
    else:
        history.cancel_reason = event.reason


def state_of(
    history: TrialHistory | None, *, published: bool, driven: bool, retries: Retries
) -> TrialState:
    """Return the state of one trial.

    Parameters
    ----------
    history : TrialHistory or None
        What the events tell; None = nothing.
    published : bool
        Whether its file exists: nothing else means done.
    driven : bool
        Whether a driver is at work; without one nothing is running.
    retries : Retries
        The budgets: within them, an ended trial is pending again.
    """
    if published:
        return TrialState.DONE
    if history is None:
        return TrialState.PENDING
    hopeless = history.outcome is TrialOutcome.HOPELESS and not history.is_forgiven
    if history.cancelled or hopeless:
        return TrialState.CANCELLED
    if history.is_at_work and driven:
        submitted = history.stage is Stage.SUBMITTED
        return TrialState.SUBMITTED if submitted else TrialState.RUNNING
    if history.is_at_work or history.may_try_again(retries):
        return TrialState.PENDING
    return _BAD.get(history.outcome, TrialState.PENDING)


_BAD: Mapping[TrialOutcome | None, TrialState] = {
    TrialOutcome(state.value): state for state in BAD_STATES
}
