"""What the logs of a sweep tell, one class a kind, and how a line tells it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import ClassVar, final

from pydantic import TypeAdapter

from hifred.settings import ByteSize


@final
class TrialOutcome(StrEnum):
    """How an attempt at a trial ended."""

    DONE = "done"
    FAILED = "failed"
    DIVERGED = "diverged"
    TIMEOUT = "timeout"
    OOM = "oom"
    LOST = "lost"
    STORAGE = "storage"
    STOPPED = "stopped"
    HOPELESS = "hopeless"
    # Taken back before it had begun; never written.
    RECALLED = "recalled"


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened.

    Parameters
    ----------
    time : float
        When, by the clock of the host that tells it, s since 1970.
    writer : str
        Name of the log that it stands in; not written.
    """

    kind: ClassVar[str]
    time: float = 0.0
    writer: str = ""


@dataclass(frozen=True, kw_only=True)
class TrialEvent(Event):
    """Something that happened to a trial, in its `attempt`, counted from 1."""

    trial_id: str
    attempt: int = 0


@final
@dataclass(frozen=True, kw_only=True)
class Submitted(TrialEvent):
    """A driver handed it out."""

    kind = "submitted"


@final
@dataclass(frozen=True, kw_only=True)
class Started(TrialEvent):
    """A worker began it: process `pid` on `host`, in `job` if that is a batch job."""

    kind = "started"
    host: str = ""
    pid: int = 0
    job: str | None = None


@dataclass(frozen=True, kw_only=True)
class Measured(TrialEvent):
    """What an attempt used so far.

    Parameters
    ----------
    iteration : int or None
        Iterations done.
    cost : float or None
        The objective.
    seconds : float or None
        Work over all attempts, s.
    rss_mib : int or None
        Most resident memory, MiB.
    checkpoint : int
        Iterations that are saved.
    """

    iteration: int | None = None
    cost: float | None = None
    seconds: float | None = None
    rss_mib: int | None = None
    checkpoint: int = 0


@final
@dataclass(frozen=True, kw_only=True)
class Progress(Measured):
    """How far it is; `fraction` is 0 to 1, or None if that is not known."""

    kind = "progress"
    fraction: float | None = None


@final
@dataclass(frozen=True, kw_only=True)
class Ended(Measured):
    """It ended without a result; `advanced` if its checkpoint had."""

    kind = "ended"
    outcome: TrialOutcome
    message: str = ""
    traceback: str = ""
    advanced: bool = False


@final
@dataclass(frozen=True, kw_only=True)
class Finished(Measured):
    """It was published; `discarded` if another attempt had been first."""

    kind = "finished"
    discarded: bool = False


@final
@dataclass(frozen=True, kw_only=True)
class CheckpointFailed(TrialEvent):
    """A checkpoint could not be saved."""

    kind = "checkpoint_failed"
    message: str = ""


@final
@dataclass(frozen=True, kw_only=True)
class CheckpointDiscarded(TrialEvent):
    """A checkpoint could not be read."""

    kind = "checkpoint_discarded"
    message: str = ""


@dataclass(frozen=True, kw_only=True)
class Command(TrialEvent):
    """A user's wish; who writes one adds 1 to the number of the last he read."""

    command: int = 0
    reason: str = ""


@final
@dataclass(frozen=True, kw_only=True)
class Retried(Command):
    """It may be tried again, with `memory_bytes` from now on if they are given."""

    kind = "retry"
    memory_bytes: int | None = None


@final
@dataclass(frozen=True, kw_only=True)
class Cancelled(Command):
    """It is taken out of the sweep."""

    kind = "cancelled"


@final
@dataclass(frozen=True, kw_only=True)
class RunBegun(Event):
    """A driver began."""

    kind = "run"
    executor: str = ""
    workers: int = 0


@final
@dataclass(frozen=True, kw_only=True)
class RunEnded(Event):
    """A driver ended; early, if there is a message."""

    kind = "run_ended"
    message: str | None = None


KINDS: tuple[type[Event], ...] = (
    Submitted, Started, Progress, Ended, Finished, CheckpointFailed,
    CheckpointDiscarded, Retried, Cancelled, RunBegun, RunEnded,
)  # fmt: skip
_READERS = {kind.kind: TypeAdapter(kind) for kind in KINDS}
_SHORT = {"trial_id": "id", "attempt": "n", "iteration": "it", "rss_mib": "rss"}
_LONG = {short: name for name, short in _SHORT.items()}


def event_record(event: Event) -> dict[str, object]:
    """Return `event` as a line tells it; what is empty is left out."""
    record: dict[str, object] = {"event": event.kind, "time": round(event.time, 3)}
    for part in fields(event):
        value = getattr(event, part.name)
        told = value is not None and value != "" and value is not False
        if told and part.name not in ("time", "writer"):
            record[_SHORT.get(part.name, part.name)] = value
    return record


def read_event(record: Mapping[str, object], writer: str = "") -> Event | None:
    """Return the event of a line of this or an earlier version.

    Returns
    -------
    Event or None
        None if the kind is of a later version.

    Raises
    ------
    ValueError
        If the line lacks what its kind must tell, or tells nonsense.
    """
    reader = _READERS.get(str(record.get("event")))
    if reader is None:
        return None
    values = {_LONG.get(key, key): value for key, value in record.items()}
    if "memory" in values:  # lines of version 0.1 tell MiB
        values["memory_bytes"] = ByteSize.of_mib(float(str(values["memory"])))
    return reader.validate_python(values | {"writer": writer})
