"""What a run's driver knows of its jobs, in one small file that `status` reads."""

import contextlib
import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import final

from pydantic import TypeAdapter

from hifred.store.durable import replace_text

FOLDER = "cluster"
_NOTES_KEPT = 50


@final
@dataclass(frozen=True)
class JobLine:
    """One worker job as the driver saw it last.

    Parameters
    ----------
    job_id, state, node, reason : str
        `reason` is why it waits, or why it ended.
    workers : int
        Workers that have reported.
    """

    job_id: str
    state: str
    node: str = ""
    reason: str = ""
    workers: int = 0


@final
@dataclass(frozen=True)
class Note:
    """Something to be told of a run, and when, s since 1970."""

    time: float
    text: str


@final
@dataclass(frozen=True)
class JournalPage:
    """A journal as it lies on disk.

    Parameters
    ----------
    job_name : str
        Name of the worker jobs.
    pid : int
        The driver.
    state : str
        ``running``, ``ended`` or ``gave up``.
    updated : float, s since 1970
    jobs : list of JobLine
        Those queued or running.
    ended : mapping
        Cause to the number of jobs that ended for it.
    notes : list of Note
    """

    job_name: str
    pid: int
    state: str
    updated: float
    jobs: list[JobLine]
    ended: dict[str, int]
    notes: list[Note]


@final
@dataclass
class Journal:
    """Written by one driver, replaced whole each time.

    Parameters
    ----------
    path : Path
        ``SWEEP/cluster/<run>.json``.
    job_name : str
        Name of the worker jobs.
    """

    path: Path
    job_name: str
    live: list[JobLine] = field(default_factory=list)
    ended: dict[str, int] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    state: str = "running"

    def note(self, text: str) -> None:
        """Add a message; the same one again only moves its time."""
        if self.notes and self.notes[-1].text == text:
            self.notes.pop()
        self.notes = [*self.notes, Note(time.time(), text)][-_NOTES_KEPT:]

    def count_end(self, cause: str) -> None:
        """Count one job that ended for `cause`."""
        self.ended[cause] = self.ended.get(cause, 0) + 1

    def write(self) -> None:
        """Publish the journal; a full disk must not stop the sweep."""
        page = JournalPage(
            self.job_name, os.getpid(), self.state, time.time(),
            self.live, self.ended, self.notes,
        )  # fmt: skip
        with contextlib.suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            replace_text(self.path, json.dumps(asdict(page)))


_PAGE = TypeAdapter(JournalPage)


def read_journals(sweep: Path) -> list[JournalPage]:
    """Return the journals of a sweep, the latest last; none that tells nonsense."""
    return sorted(_readable(sweep), key=lambda page: page.updated)


def _readable(sweep: Path) -> Iterator[JournalPage]:
    for path in (sweep / FOLDER).glob("*.json"):
        with contextlib.suppress(OSError, ValueError):
            yield _PAGE.validate_json(path.read_bytes())
