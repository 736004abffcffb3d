"""Trials one after the other in this process."""

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self, final

from hifred.sweep.executors.executor import TaskFuture


@final
class FinishedFuture:
    """The answer, or the exception, of a task that has already run."""

    def __init__(self, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self._error: Exception | None = None
        try:
            self._answer = function(*args)
        except Exception as error:
            self._error = error

    def add_done_callback(self, function: Callable[[Any], None]) -> None:
        function(self)

    def result(self) -> Any:
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
        self, function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]]
    ) -> list[TaskFuture]:
        return [FinishedFuture(function, task) for task in tasks]

    def fetch(self, futures: Sequence[TaskFuture]) -> None:
        return

    def run_on_workers(self, function: Callable[[], Any]) -> None:
        function()

    def recall(self) -> None:
        return
