"""The job of `hifred submit`, kept beside the sweep that it drives."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import final

from pydantic import TypeAdapter

from hifred.store.durable import replace_text
from hifred.sweep.executors.slurm.journal import FOLDER


@final
@dataclass(frozen=True)
class DriverJob:
    """A driver that was sent as a batch job.

    Parameters
    ----------
    job_id, job_name : str
    single_job : bool
        Whether its workers are in the same job.
    submitted : float, s since 1970
    state : str
        What SLURM says of it; not kept.
    """

    job_id: str
    job_name: str
    single_job: bool = False
    submitted: float = 0.0
    state: str = ""


_JOB = TypeAdapter(DriverJob)


def write_driver_job(sweep: Path, job: DriverJob) -> None:
    """Keep `job` as the one that drives `sweep`."""
    replace_text(sweep / FOLDER / "driver", json.dumps(asdict(job)))


def read_driver_job(sweep: Path) -> DriverJob | None:
    """Return the job that drives, or drove, `sweep`; None if none ever did."""
    try:
        return _JOB.validate_json((sweep / FOLDER / "driver").read_bytes())
    except (OSError, ValueError):
        return None
