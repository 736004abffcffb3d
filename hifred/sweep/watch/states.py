"""The state of every trial: a fold over the events, whatever their clocks say."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, final

from hifred.settings import ByteSize
from hifred.sweep.options import Retries

STATES = (
    "pending", "submitted", "running", "done", "failed",
    "diverged", "timeout", "oom", "lost", "cancelled",
)  # fmt: skip
BAD_STATES = ("failed", "diverged", "timeout", "oom", "lost")
# Within one attempt a later stage wins, whichever file or clock it came from.
_STAGE = {"submitted": 0, "started": 1, "progress": 2, "lost": 3, "ended": 4}


@final
@dataclass
class TrialHistory:
    """What the events tell of one trial.

    Parameters
    ----------
    attempt : int
        Number of the latest attempt, from 1; 0 = none yet.
    stage : str
        How far that attempt came: submitted, started, progress, lost, ended.
    outcome : str
        How it ended: one of the bad states, ``storage``, ``stopped`` or ``hopeless``.
    ends : list of (int, str, bool)
        Attempt, outcome and whether its checkpoint advanced, of each ended attempt.
    forgiven : int
        Attempts up to this one do not count any more (``hifred retry``).
    command : int
        Number of the latest retry or cancel; who writes one adds 1 to what he read,
        so that no clock decides which came last.
    cancelled : bool
        Whether that command was a cancel.
    """

    attempt: int = 0
    stage: str = ""
    outcome: str = ""
    ends: list[tuple[int, str, bool]] = field(default_factory=list)
    forgiven: int = 0
    command: int = 0
    cancelled: bool = False
    cancel_reason: str = ""
    memory: ByteSize | None = None
    last: dict[str, Any] = field(default_factory=dict)
    finish: dict[str, Any] = field(default_factory=dict)
    place: dict[str, Any] = field(default_factory=dict)
    progress: dict[str, Any] = field(default_factory=dict)

    def counted(self) -> Counter[str]:
        """Return how often it ended in each way, since it was last forgiven."""
        return Counter(
            outcome for attempt, outcome, _ in self.ends if attempt > self.forgiven
        )

    def may_try_again(self, retries: Retries) -> bool:
        """Say whether the budget of its last outcome is not yet used up."""
        if self.outcome in ("", "storage", "stopped") or self.attempt <= self.forgiven:
            return True
        if self.outcome == "timeout" and not self.ends[-1][2]:
            return False
        allowed = getattr(retries, self.outcome, 0)
        return bool(self.counted()[self.outcome] <= allowed)

    def is_suspect(self) -> bool:
        """Say whether it was there when a process died, and must run alone."""
        return self.counted()["lost"] + self.counted()["oom"] > 0


def fold_event(histories: dict[str, TrialHistory], event: dict[str, Any]) -> None:
    """Take one event into the histories; the order between files does not matter."""
    trial_id = event.get("id")
    if trial_id is None:
        return
    history = histories.setdefault(trial_id, TrialHistory())
    _FOLDS.get(event["event"], _ignore)(history, event)


def fold(events: Iterable[dict[str, Any]]) -> dict[str, TrialHistory]:
    """Return the history of every trial that `events` mention."""
    histories: dict[str, TrialHistory] = {}
    for event in events:
        fold_event(histories, event)
    return histories


def _ignore(history: TrialHistory, event: dict[str, Any]) -> None:
    return


def _advance(history: TrialHistory, event: dict[str, Any], stage: str) -> bool:
    number = int(event.get("n", 0))
    if number < history.attempt:
        return False
    if number > history.attempt:
        history.attempt, history.stage, history.outcome = number, "", ""
    if _STAGE[stage] < _STAGE.get(history.stage, -1):
        return False
    history.stage = stage
    return True


def _on_submitted(history: TrialHistory, event: dict[str, Any]) -> None:
    _advance(history, event, "submitted")


def _on_started(history: TrialHistory, event: dict[str, Any]) -> None:
    if int(event.get("n", 0)) >= history.attempt:
        history.place = event
    _advance(history, event, "started")


def _on_progress(history: TrialHistory, event: dict[str, Any]) -> None:
    if _advance(history, event, "progress"):
        history.progress = event


def _on_end(history: TrialHistory, event: dict[str, Any]) -> None:
    outcome = event["outcome"]
    number = int(event.get("n", 0))
    stage = "lost" if outcome == "lost" else "ended"
    known = {attempt: index for index, (attempt, _, _) in enumerate(history.ends)}
    entry = (number, outcome, bool(event.get("advanced")))
    if number not in known:
        history.ends.append(entry)
        history.ends.sort()
    elif stage == "ended":
        history.ends[known[number]] = entry
    if _advance(history, event, stage):
        history.outcome = outcome
        history.last = event


def _on_finished(history: TrialHistory, event: dict[str, Any]) -> None:
    history.finish = event
    if _advance(history, event, "ended"):
        history.outcome = ""


def _on_retry(history: TrialHistory, event: dict[str, Any]) -> None:
    history.forgiven = max(history.forgiven, int(event["n"]))
    if int(event["command"]) > history.command:
        history.command, history.cancelled = int(event["command"]), False
        history.memory = _told_memory(event) or history.memory


def _told_memory(event: dict[str, Any]) -> ByteSize | None:
    if "memory_bytes" in event:
        return ByteSize(event["memory_bytes"])
    # Lines of version 0.1 tell MiB.
    return ByteSize.of_mib(event["memory"]) if "memory" in event else None


def _on_cancelled(history: TrialHistory, event: dict[str, Any]) -> None:
    if int(event["command"]) > history.command:
        history.command, history.cancelled = int(event["command"]), True
        history.cancel_reason = event.get("reason", "")


_FOLDS = {
    "submitted": _on_submitted,
    "started": _on_started,
    "progress": _on_progress,
    "ended": _on_end,
    "finished": _on_finished,
    "retry": _on_retry,
    "cancelled": _on_cancelled,
}


def _forgiven(history: TrialHistory) -> bool:
    return history.attempt <= history.forgiven


def state_of(
    history: TrialHistory | None, *, published: bool, driven: bool, retries: Retries
) -> str:
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
        return "done"
    if history is None:
        return "pending"
    if history.cancelled or (history.outcome == "hopeless" and not _forgiven(history)):
        return "cancelled"
    if history.stage in ("submitted", "started", "progress"):
        if not driven:
            return "pending"
        return "submitted" if history.stage == "submitted" else "running"
    if history.outcome in BAD_STATES and not history.may_try_again(retries):
        return history.outcome
    return "pending"
