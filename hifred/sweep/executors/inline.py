"""Trials one after the other in this process."""

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Generic, Self, TypeVar, final

from hifred.sweep.executors.executor import TaskFuture

T = TypeVar("T")


@final
class FinishedFuture(Generic[T]):
    """The answer, or the exception, of a task that has already run."""

    def __init__(self, function: Callable[..., T], args: tuple[object, ...]) -> None:
        self._error: Exception | None = None
        try:
            self._answer = function(*args)
        except Exception as error:
            self._error = error

    def add_done_callback(self, function: Callable[[TaskFuture[T]], object]) -> None:
        function(self)

    def result(self) -> T:
        if self._error is not None:
            raise self._error
        return self._answer


@final
class InlineExecutor:
    """Run each task when it is submitted: for debugging and for small grids."""

    capacity = 1
    isolated = False
    trouble: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return

    def submit(
        self, function: Callable[..., T], tasks: Sequence[tuple[object, ...]]
    ) -> list[FinishedFuture[T]]:
        return [FinishedFuture(function, task) for task in tasks]

    def fetch(self, futures: Sequence[TaskFuture[object]]) -> None:
        return

    def recall(self) -> None:
        return
