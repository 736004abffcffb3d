"""The jobs behind a sweep, for `status` and `cancel`; empty where there are none."""

import json
import time
from pathlib import Path
from typing import Any

from hifred.sweep.executors.slurm import job_queue
from hifred.sweep.executors.slurm.journal import FOLDER, read_journals

_NOTES_SHOWN = 3


def read_jobs(sweep: Path) -> dict[str, Any]:
    """Return what is known of the jobs of a sweep.

    Parameters
    ----------
    sweep : Path
        The sweep directory.

    Returns
    -------
    dict
        Empty for a sweep that never saw a cluster; else ``driver`` (job id, name, state
        of the job of ``hifred submit``, or None) and ``run`` (the latest driver's own
        account of its worker jobs, or None).
    """
    journals = read_journals(sweep)
    driver = _read_driver(sweep)
    if driver is None and not journals:
        return {}
    return {"driver": driver, "run": journals[-1] if journals else None}


def describe_jobs(sweep: Path) -> list[str]:
    """Return `read_jobs` as lines for a person."""
    known = read_jobs(sweep)
    lines = []
    if known.get("driver"):
        driver = known["driver"]
        lines.append(f"driver: SLURM job {driver['job_id']} {driver['state']}")
    if known.get("run"):
        lines += _describe_run(known["run"])
    return lines


def end_driver_job(sweep: Path) -> str | None:
    """Ask the driver's job to stop in good order; return its id if there is one.

    A queued job is taken from the queue; a running one gets SIGTERM, saves what runs
    and ends its worker jobs itself.
    """
    driver = _read_driver(sweep)
    if driver is None:
        return None
    queued = job_queue.list_jobs(driver["job_name"]).get(driver["job_id"])
    if queued is None:
        return None
    if queued.state == "RUNNING":
        command = ("scancel", "--batch", "--signal=TERM", queued.job_id)
        job_queue.run_queue_command(*command)
    else:
        job_queue.cancel_jobs([queued.job_id])
    return queued.job_id


def _read_driver(sweep: Path) -> dict[str, Any] | None:
    path = sweep / FOLDER / "driver"
    try:
        driver: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return {**driver, "state": _driver_state(driver)}


def _driver_state(driver: dict[str, Any]) -> str:
    try:
        queued = job_queue.list_jobs(driver["job_name"]).get(driver["job_id"])
    except job_queue.QueueError as error:
        return f"is not known here ({error})"
    if queued is None:
        return job_queue.why_ended(driver["job_id"])
    place = queued.node or queued.reason
    return f"{queued.state} ({place}), {queued.left} left"


def _describe_run(run: dict[str, Any]) -> list[str]:
    jobs = run["jobs"]
    workers = sum(job["workers"] > 0 for job in jobs)
    age = time.time() - run["updated"]
    lines = [
        f"SLURM jobs {run['job_name']}: {len(jobs)} queued or running, "
        f"{workers} with workers ({run['state']}, {age:.0f} s ago)"
    ]
    for job in jobs:
        place = ", ".join(part for part in (job["node"], job["reason"]) if part)
        lines.append(f"  {job['job_id']} {job['state']} {place}".rstrip())
    if run["ended"]:
        ends = ", ".join(f"{count} {cause}" for cause, count in run["ended"].items())
        lines.append(f"  ended before: {ends}")
    for note in run["notes"][-_NOTES_SHOWN:]:
        clock = time.strftime("%H:%M:%S", time.localtime(note["time"]))
        lines.append(f"  {clock} {note['text']}")
    return lines
