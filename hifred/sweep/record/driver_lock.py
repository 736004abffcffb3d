"""One driver per sweep directory, told by host and process, stale ones detected."""

import json
import os
import socket
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, final

import psutil
from filelock import FileLock, Timeout

from hifred.errors import HifredError
from hifred.store.durable import part_beside, replace_text

BEAT_SECONDS = 10.0
# Longer than network file systems keep a file's old time.
STALE_SECONDS = 90.0
GUARD_TIMEOUT = 30.0


@final
@dataclass(frozen=True)
class DriverProcess:
    """Who drives, or drove, a sweep."""

    host: str
    pid: int
    born: int
    since: float
    executor: str = ""

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"


def _myself(executor: str) -> DriverProcess:
    pid = os.getpid()
    return DriverProcess(
        socket.gethostname(), pid, _born(pid) or 0, time.time(), executor
    )


def _born(pid: int) -> int | None:
    """Return when a process began, in a unit that no change of the clock touches."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        if Path("/proc/self/stat").exists():
            return None
        return (
            int(psutil.Process(pid).create_time()) if psutil.pid_exists(pid) else None
        )
    fields = text.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else int(fields[19])


def _read(path: Path) -> DriverProcess | None:
    try:
        return DriverProcess(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def live_driver(path: Path) -> DriverProcess | None:
    """Return who drives the sweep whose lock is at `path`; None if nobody does."""
    driver = _read(path)
    if driver is None:
        return None
    if driver.host == socket.gethostname():
        return driver if _born(driver.pid) == driver.born else None
    return driver if _is_beating(path) else None


def _is_beating(path: Path) -> bool:
    """Compare the lock's time with that of the file system, not with our clock."""
    probe = part_beside(path)
    try:
        probe.touch(exist_ok=False)
        now = probe.stat().st_mtime
        return now - path.stat().st_mtime < STALE_SECONDS
    except OSError:
        return time.time() - path.stat().st_mtime < STALE_SECONDS
    finally:
        probe.unlink(missing_ok=True)


@final
class DriverLock:
    """Held while a driver works on a sweep.

    Parameters
    ----------
    path : path
        The lock file.
    executor : str
        What it drives, for those who ask.

    Raises
    ------
    HifredError
        On entering, if another driver is at work.
    """

    def __init__(self, path: Path, executor: str = "") -> None:
        self.path = path
        self._executor = executor
        self._stopped = threading.Event()

    def __enter__(self) -> Self:
        guard = FileLock(f"{self.path}.guard", timeout=GUARD_TIMEOUT)
        try:
            with guard:
                self._take()
        except Timeout as error:
            raise HifredError(
                f"another command holds {self.path}.guard; try again in a minute."
            ) from error
        self._beat = threading.Thread(target=self._keep_beating, daemon=True)
        self._beat.start()
        return self

    def _take(self) -> None:
        other = live_driver(self.path)
        if other is not None:
            raise HifredError(
                f"a sweep must have one driver at a time; {other} works on "
                f"{self.path.parent} since "
                f"{time.strftime('%H:%M:%S', time.localtime(other.since))}. "
                "Watch it with `hifred status --watch`, or stop it first."
            )
        self._me = _myself(self._executor)
        replace_text(self.path, json.dumps(vars(self._me)))

    def _keep_beating(self) -> None:
        while not self._stopped.wait(BEAT_SECONDS):
            try:
                os.utime(self.path)
            except OSError:
                continue

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopped.set()
        self._beat.join(timeout=2)
        if _read(self.path) == self._me:
            self.path.unlink(missing_ok=True)
