"""Where one run of the driver keeps what it shares with its jobs."""

import hashlib
import os
import re
import uuid
from dataclasses import dataclass
from pathlib import Path

from hifred.sweep.executors.config import SlurmConfig
from hifred.sweep.executors.slurm.journal import FOLDER


def job_prefix(sweep: Path) -> str:
    """Return what the names of all jobs of a sweep directory start with."""
    place = str(sweep.resolve())
    word = re.sub(r"[^A-Za-z0-9]+", "-", sweep.resolve().name).strip("-")[:20]
    return f"hifred-{word}-{hashlib.sha256(place.encode()).hexdigest()[:6]}"


@dataclass(frozen=True)
class RunFiles:
    """Names and places of one run.

    Parameters
    ----------
    job_name : str
        Name of all worker jobs of the run.
    journal, log, tls : Path
        The journal; the log of the jobs, without job id and ending; the certificates.
    """

    job_name: str
    journal: Path
    log: Path
    tls: Path


def plan_run_files(sweep: Path, config: SlurmConfig) -> RunFiles:
    """Return the names and places of a new run; nothing is created."""
    run = uuid.uuid4().hex[:6]
    sweep = sweep.resolve()
    logs = directory_from(config.log_directory, sweep / "logs")
    secrets = directory_from(config.tls_directory, sweep / FOLDER)
    return RunFiles(
        job_name=f"{job_prefix(sweep)}-{run}",
        journal=sweep / FOLDER / f"{run}.json",
        log=logs / "worker",
        tls=secrets / f"tls-{run}",
    )


def directory_from(text: str | None, otherwise: Path) -> Path:
    """Return the directory that a config names, its ``~`` and ``$NAME`` filled in."""
    if text is None:
        return otherwise
    return Path(os.path.expandvars(text)).expanduser().resolve()
