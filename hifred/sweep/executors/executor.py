"""What the driver asks of whatever runs its tasks."""

import queue
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import TracebackType
from typing import Protocol, Self, TypeVar

from hifred.sweep.record.events import TrialOutcome

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class WorkerLostError(Exception):
    """The process that ran a task died, or was taken away, before it answered.

    Parameters
    ----------
    message : str
        What is known of the cause.
    outcome : TrialOutcome
        How the attempt counts: lost, timeout, oom, stopped (taken away, not its fault)
        or recalled (it had not begun).
    """

    def __init__(self, message: str, outcome: TrialOutcome = TrialOutcome.LOST) -> None:
        super().__init__(message)
        self.outcome = outcome


class TaskFuture(Protocol[T_co]):
    """A promise of one task's answer, as `concurrent.futures` has it."""

    def add_done_callback(
        self, function: Callable[["TaskFuture[T_co]"], object]
    ) -> None:
        """Call `function` with this object once the answer is there."""

    def result(self) -> T_co:
        """Return the answer of a finished task; `WorkerLostError` when it was lost."""


def as_finished(futures: Iterable[TaskFuture[T]]) -> Iterator[TaskFuture[T]]:
    """Yield every future as soon as its answer is there."""
    finished: queue.SimpleQueue[TaskFuture[T]] = queue.SimpleQueue()
    waiting = list(futures)
    for future in waiting:
        future.add_done_callback(finished.put)
    for _ in waiting:
        yield finished.get()


class Executor(Protocol):
    """Something that runs tasks; entering starts it, leaving stops it.

    Attributes
    ----------
    capacity : int
        Tasks that can run at the same time. It may change while entered.
    isolated : bool
        True when tasks run in other processes, so that one may die alone.
    trouble : str or None
        Why no task can be run any more.
    """

    capacity: int
    isolated: bool
    trouble: str | None

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def submit(
        self, function: Callable[..., T], tasks: Sequence[tuple[object, ...]]
    ) -> Sequence[TaskFuture[T]]:
        """Hand over one call of `function` for each tuple of arguments."""

    def fetch(self, futures: Sequence[TaskFuture[object]]) -> None:
        """Bring the answers of finished tasks here together: their results are near."""

    def recall(self) -> None:
        """Take back the tasks that have not begun; their answer is ``recalled``."""
