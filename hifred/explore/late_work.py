"""Work of seconds that the page does not wait for."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar, final

from bokeh.document import Document

V = TypeVar("V")


@final
class LateWork:
    """Does one piece of work after another in a thread; at once without a page."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(1)
        self._last: Future[Any] | None = None
        self._document: Document | None = None

    def follow(self, document: Document) -> None:
        """Leave work to the thread from now on, and hand a document what it found."""
        self._document = document

    def begin(self, work: Callable[[], V], then: Callable[[V], None]) -> None:
        """Work, then call `then` with what was found; what still waits is dropped."""
        if self._document is None:
            then(work())
            return
        if self._last is not None:
            self._last.cancel()
        self._last = self._threads.submit(work)
        self._last.add_done_callback(lambda done: self._hand_over(done, then))

    def _hand_over(self, done: Future[V], then: Callable[[V], None]) -> None:
        """Call `then` where a document may be changed; errors of the work end there."""
        if self._document is not None and not done.cancelled():
            self._document.add_next_tick_callback(lambda: then(done.result()))
