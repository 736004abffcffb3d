"""What a run's driver knows of its jobs, in one small file that `status` reads."""

import contextlib
import json
import os
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

FOLDER = "cluster"
_NOTES_KEPT = 50


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
    notes: list[dict[str, Any]] = field(default_factory=list)
    state: str = "running"

    def note(self, text: str) -> None:
        """Add a message; the same one again only moves its time."""
        if self.notes and self.notes[-1]["text"] == text:
            self.notes.pop()
        self.notes = [*self.notes, {"time": time.time(), "text": text}][-_NOTES_KEPT:]

    def count_end(self, cause: str) -> None:
        """Count one job that ended for `cause`."""
        self.ended[cause] = self.ended.get(cause, 0) + 1

    def write(self) -> None:
        """Publish the journal; a full disk must not stop the sweep."""
        content = {
            "job_name": self.job_name,
            "pid": os.getpid(),
            "state": self.state,
            "updated": time.time(),
            "jobs": [asdict(line) for line in self.live],
            "ended": self.ended,
            "notes": self.notes,
        }
        part = self.path.with_suffix(".part")
        with contextlib.suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(json.dumps(content), encoding="utf-8")
            part.replace(self.path)


def read_journals(sweep: Path) -> list[dict[str, Any]]:
    """Return the journals of a sweep, the latest last."""
    return sorted(_readable(sweep), key=lambda journal: journal["updated"])


def _readable(sweep: Path) -> Iterable[dict[str, Any]]:
    for path in (sweep / FOLDER).glob("*.json"):
        with contextlib.suppress(OSError, ValueError, KeyError):
            journal = json.loads(path.read_text(encoding="utf-8"))
            if isinstance(journal, dict) and "updated" in journal:
                yield journal
