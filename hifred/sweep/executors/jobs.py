"""The jobs behind a sweep, for `status` and `cancel`; empty where there are none."""

import time
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path

from hifred.sweep.executors.slurm import job_queue
from hifred.sweep.executors.slurm.driver_record import DriverJob, read_driver_job
from hifred.sweep.executors.slurm.journal import JournalPage, read_journals

_NOTES_SHOWN = 3


def read_jobs(sweep: Path) -> dict[str, object]:
    """Return what is known of the jobs of a sweep, as plain values for JSON.

    Parameters
    ----------
    sweep : Path
        The sweep directory.

    Returns
    -------
    dict
        Empty for a sweep that never saw a cluster; else ``driver`` (job id, name, state
        of the job of ``hifred submit``, or None), ``run`` (the latest driver's own
        account of its worker jobs, or None) and ``earlier_runs`` (those before it).
    """
    journals = read_journals(sweep)
    driver = _known_driver(sweep)
    if driver is None and not journals:
        return {}
    return {
        "driver": None if driver is None else asdict(driver),
        "run": asdict(journals[-1]) if journals else None,
        "earlier_runs": [asdict(page) for page in journals[:-1]],
    }


def describe_jobs(sweep: Path) -> list[str]:
    """Return `read_jobs` as lines for a person."""
    driver = _known_driver(sweep)
    lines = []
    if driver is not None:
        lines.append(f"driver: SLURM job {driver.job_id} {driver.state}")
    journals = read_journals(sweep)
    if len(journals) > 1:
        lines.append(_describe_earlier(journals[:-1]))
    if journals:
        lines += _describe_run(journals[-1])
    return lines


def end_driver_job(sweep: Path) -> str | None:
    """Ask the driver's job to stop in good order; return its id if there is one.

    A queued job is taken from the queue; a running one gets SIGTERM, saves what runs
    and ends its worker jobs itself.
    """
    driver = read_driver_job(sweep)
    if driver is None:
        return None
    queued = job_queue.list_jobs(driver.job_name).get(driver.job_id)
    if queued is None:
        return None
    if queued.state == "RUNNING":
        command = ("scancel", "--batch", "--signal=TERM", queued.job_id)
        job_queue.run_queue_command(*command)
    else:
        job_queue.cancel_jobs([queued.job_id])
    return queued.job_id


def _known_driver(sweep: Path) -> DriverJob | None:
    driver = read_driver_job(sweep)
    return None if driver is None else replace(driver, state=_driver_state(driver))


def _driver_state(driver: DriverJob) -> str:
    try:
        queued = job_queue.list_jobs(driver.job_name).get(driver.job_id)
    except job_queue.QueueError as error:
        return f"is not known here ({error})"
    if queued is None:
        return job_queue.why_ended(driver.job_id)
    place = queued.node or queued.reason
    return f"{queued.state} ({place}), {queued.left} left"


def _describe_earlier(pages: list[JournalPage]) -> str:
    ends = sum((Counter(page.ended) for page in pages), Counter())
    told = ", ".join(f"{count} {cause}" for cause, count in ends.most_common())
    return f"{len(pages)} earlier runs; their jobs ended: {told or 'none early'}"


def _describe_run(page: JournalPage) -> list[str]:
    workers = sum(job.workers > 0 for job in page.jobs)
    age = time.time() - page.updated
    lines = [
        f"SLURM jobs {page.job_name}: {len(page.jobs)} queued or running, "
        f"{workers} with workers ({page.state}, {age:.0f} s ago)"
    ]
    for job in page.jobs:
        place = ", ".join(part for part in (job.node, job.reason) if part)
        lines.append(f"  {job.job_id} {job.state} {place}".rstrip())
    if page.ended:
        ends = ", ".join(f"{count} {cause}" for cause, count in page.ended.items())
        lines.append(f"  ended before: {ends}")
    for note in page.notes[-_NOTES_SHOWN:]:
        clock = time.strftime("%H:%M:%S", time.localtime(note.time))
        lines.append(f"  {clock} {note.text}")
    return lines
