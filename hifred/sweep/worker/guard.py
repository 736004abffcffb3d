"""What ends a process whose trial cannot be reasoned with, and says why."""

import contextlib
import faulthandler
import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import psutil

from hifred.settings import ByteSize

OOM_EXIT = 137
POLL_SECONDS = 0.1
_crash_files: dict[Path, IO[str]] = {}


def record_crashes(path: Path) -> IO[str] | None:
    """Let this process write its last traceback to `path` when it crashes."""
    if path not in _crash_files:
        try:
            file = path.open("w", encoding="utf-8")
        except OSError:
            return None
        _crash_files[path] = file
        faulthandler.enable(file=file, all_threads=True)
    return _crash_files[path]


def stop_recording_crashes() -> None:
    """Give crashes of this process back to stderr, and close the files."""
    if not _crash_files:
        return
    faulthandler.disable()
    if sys.__stderr__ is not None:
        with contextlib.suppress(OSError, ValueError):
            faulthandler.enable(file=sys.__stderr__)
    for file in _crash_files.values():
        file.close()
    _crash_files.clear()


@contextlib.contextmanager
def time_guard(seconds: float | None, file: IO[str] | None) -> Iterator[None]:
    """End this process, with tracebacks in `file`, unless the block ends in time.

    A C thread of `faulthandler` does it: it needs no Python lock, which a hanging
    library may hold.
    """
    if seconds is None or file is None:
        yield
        return
    faulthandler.dump_traceback_later(seconds, exit=True, file=file)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


@contextlib.contextmanager
def memory_guard(
    limit: ByteSize | None, on_excess: Callable[[ByteSize], None]
) -> Iterator[None]:
    """End this process when its resident memory exceeds `limit`.

    `on_excess` is called first, with the memory found.
    """
    if limit is None:
        yield
        return
    over = threading.Event()
    watcher = threading.Thread(
        target=_watch, args=(limit, on_excess, over), daemon=True
    )
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join(timeout=2)


def _watch(
    limit: ByteSize, on_excess: Callable[[ByteSize], None], over: threading.Event
) -> None:
    process = psutil.Process()
    while not over.wait(POLL_SECONDS):
        found = ByteSize(process.memory_info().rss)
        if found > limit:
            on_excess(found)
            os._exit(OOM_EXIT)


def crash_cause(path: Path) -> tuple[str, str] | None:
    """Return what a crashed process wrote as its cause, and its traceback."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return None
    if not text:
        return None
    first = text.splitlines()[0]
    return first.removeprefix("Fatal Python error: ").strip(), text
