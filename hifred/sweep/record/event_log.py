"""Logs of what happened: append-only, one writer per file, a checksum per line."""

import contextlib
import functools
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import final

from hifred.sweep.record.events import Event, event_record, read_event
from hifred.sweep.record.sealed_line import decode_line, encode_line


@final
class EventLog:
    """The log of this process: nobody else writes to its file.

    A line that cannot be written (a full disk) is dropped: what decides is the
    trial file, and a log must not end a trial.

    Parameters
    ----------
    folder : path
        The sweep's events folder.
    """

    def __init__(self, folder: Path) -> None:
        self.host = socket.gethostname()
        self.pid = os.getpid()
        name = f"{self.host}-{self.pid}-{uuid.uuid4().hex[:8]}"
        self.path = folder / f"{name}.jsonl"
        self.crash_path = folder / f"{name}.crash"
        self.name = name
        self.n_dropped = 0
        self._lock = threading.Lock()
        self._torn = False
        self._descriptor: int | None = None

    def write(self, event: Event) -> None:
        """Append one event; the time is added."""
        line = encode_line(event_record(replace(event, time=time.time())))
        with self._lock:
            try:
                self._append(line)
            except OSError:
                self.n_dropped += 1

    def _append(self, line: bytes) -> None:
        if self._descriptor is None:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
            self._descriptor = os.open(self.path, flags, 0o644)
        if self._torn:
            line = b"\n" + line
        written = os.write(self._descriptor, line)
        self._torn = written < len(line)
        if self._torn:
            self.n_dropped += 1

    def close(self) -> None:
        """Close the file; a later event opens it again."""
        with self._lock:
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None


def process_log(folder: Path) -> EventLog:
    """Return the one log of this process in `folder`."""
    return _log_of(folder, os.getpid())


@functools.cache
def _log_of(folder: Path, pid: int) -> EventLog:
    # A forked process has the cache of its parent, and must not write into its log.
    return EventLog(folder)


@final
@dataclass
class EventReader:
    """Reads all logs of a sweep, each time only what is new.

    Parameters
    ----------
    folder : path
        The sweep's events folder.
    """

    folder: Path
    n_damaged: int = 0
    _offsets: dict[str, int] = field(default_factory=dict)

    def new_events(self) -> Iterator[Event]:
        """Yield the events that came since the last call, file by file.

        A line that is damaged or tells nonsense is counted and left out, one of a
        kind that only a later version knows is left out.
        """
        for record in self.new_records():
            try:
                event = read_event(record, str(record["writer"]))
            except ValueError:
                self.n_damaged += 1
                continue
            if event is not None:
                yield event

    def new_records(self) -> Iterator[dict[str, object]]:
        """Yield what the new lines say, as it stands there, with their ``writer``."""
        with contextlib.suppress(FileNotFoundError):
            for entry in sorted(os.scandir(self.folder), key=lambda e: e.name):
                # A pipe of that name would be waited for without end.
                if entry.name.endswith(".jsonl") and Path(entry.path).is_file():
                    yield from self._new_in(entry.name)

    def _new_in(self, name: str) -> Iterator[dict[str, object]]:
        writer = name.removesuffix(".jsonl")
        for line in self._new_lines(name):
            record = decode_line(line)
            if record is None:
                self.n_damaged += 1
            else:
                yield record | {"writer": writer}

    def _new_lines(self, name: str) -> list[bytes]:
        offset = self._offsets.get(name, 0)
        path = self.folder / name
        if path.stat().st_size <= offset:
            return []
        with path.open("rb") as file:
            file.seek(offset)
            content = file.read()
        whole = content.rfind(b"\n") + 1
        self._offsets[name] = offset + whole
        return [line for line in content[:whole].splitlines() if line]
