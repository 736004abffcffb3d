"""A Dask cluster of SLURM jobs, built on dask-jobqueue, that a failing sbatch survives.

What this touches beyond the documented interface of dask-jobqueue 0.9 and distributed
2025.1 or newer: `Job.start`, `Job.close`, `Job.job_header`,
`Job._command_template`, `Job._event_finished`, `JobQueueCluster._job_kwargs`,
`SpecCluster.workers` and `.worker_spec`. `check_foundations` looks for them.
"""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict, final

from distributed.core import Status
from distributed.deploy.spec import SpecCluster
from distributed.security import Security

from hifred.errors import HifredError
from hifred.settings import ByteSize
from hifred.sweep.executors.config import SlurmConfig
from hifred.sweep.executors.slurm import job_queue
from hifred.sweep.executors.slurm.script import (
    JobRequest,
    directives,
    exports,
    worker_command,
)

# The keeper replaces lost jobs; Dask's own timer would cancel slow ones.
DASK_SETTINGS = {"distributed.deploy.lost-worker-timeout": "7 days"}


# The guard ends a trial at its limit before SLURM ends the whole job.
_SPARE = ByteSize.of_gib(0.25)


@contextmanager
def _signal_handlers_kept() -> Iterator[None]:
    # dask_jobqueue replaces the SIGINT handler when it is imported, which also fails
    # in any but the main thread.
    real, signal.signal = signal.signal, lambda *_: None
    try:
        yield
    finally:
        signal.signal = real


with _signal_handlers_kept():
    from dask_jobqueue.core import Job
    from dask_jobqueue.slurm import SLURMCluster, SLURMJob


class JobSizes(TypedDict):
    """What dask-jobqueue wants to know of a job's size."""

    cores: int
    processes: int
    memory: str


@dataclass(frozen=True)
class WorkerRequest:
    """Everything a worker job's script is made of.

    Parameters
    ----------
    config : SlurmConfig
    name : str
        Name of the jobs; one run of the driver has one.
    log : Path
        Log file of the jobs, without ending.
    memory : ByteSize
        Memory of one trial.
    tls_directory : Path or None
        Where the certificates lie; None means no encryption.
    """

    config: SlurmConfig
    name: str
    log: Path
    memory: ByteSize
    tls_directory: Path | None

    def job(self) -> JobRequest:
        config = self.config
        return JobRequest(
            name=self.name,
            log=self.log,
            cpus=config.threads * config.workers_per_job,
            memory=ByteSize(self.memory * config.workers_per_job + _SPARE),
            walltime=config.walltime,
        )

    def script(self) -> str:
        """Return the batch script of a worker job, the scheduler left open."""
        job = WorkerJob("SCHEDULER", "WORKER", request=self, **self.sizes())
        return str(job.job_script())

    def sizes(self) -> JobSizes:
        """Return what dask-jobqueue wants to know of a job's size."""
        workers = self.config.workers_per_job
        memory = str(ByteSize(self.memory * workers))
        return JobSizes(cores=workers, processes=workers, memory=memory)

    def header(self) -> str:
        # A preempted worker job is replaced by the keeper; requeued under its old name
        # it would come back to a scheduler that has given it up.
        return "\n".join(directives(self.config, self.job(), ["--no-requeue"]))

    def prologue(self) -> list[str]:
        return [*self.config.prologue, *exports(self.config.threads)]

    def command(self, scheduler: str, name: str) -> str:
        function = worker_command(
            self.config, scheduler, tls_directory=self.tls_directory
        )
        numbers = range(self.config.workers_per_job)
        starts = [f"work --name={name}-{number} &" for number in numbers]
        wait = 'trap : TERM\nwhile [ -n "$(jobs -pr)" ]; do wait; done'
        return "\n".join([function, *starts, wait])


@final
class WorkerJob(SLURMJob):
    """One worker job; a failing sbatch is kept in `failure` for the keeper to read."""

    def __init__(
        self,
        scheduler: str | None = None,
        name: str | None = None,
        *,
        request: WorkerRequest,
        **options: object,
    ) -> None:
        super().__init__(scheduler, name, **options)
        self.failure: str | None = None
        self.job_header = request.header()
        self._job_script_prologue = request.prologue()
        self._command_template = request.command(str(scheduler), str(name))

    async def start(self) -> None:
        try:
            self.job_id = await asyncio.to_thread(
                job_queue.submit_script, self.job_script()
            )
        except job_queue.QueueError as error:
            self.failure = str(error)
        self.status = Status.running

    async def close(self) -> None:
        if self.job_id and self.status != Status.closed:
            try:
                await asyncio.to_thread(job_queue.cancel_jobs, [self.job_id])
            except job_queue.QueueError as error:
                self.failure = str(error)
        self.status = Status.closed
        self._event_finished.set()


@final
class WorkerCluster(SLURMCluster):
    """A scheduler in this process and its worker jobs."""

    job_cls: type[SLURMJob] = WorkerJob

    @property
    def request(self) -> WorkerRequest:
        request: WorkerRequest = self._job_kwargs["request"]
        return request


def open_cluster(request: WorkerRequest, security: Security | None) -> WorkerCluster:
    """Start the scheduler; no job is submitted yet.

    Parameters
    ----------
    request : WorkerRequest
    security : Security or None
        Certificates of the run.
    """
    check_foundations()
    config = request.config
    return WorkerCluster(
        **request.sizes(),
        job_name=request.name,
        name=request.name,
        request=request,
        security=security,
        protocol="tls://" if security else "tcp://",
        interface=config.interface,
        scheduler_options={
            "interface": config.scheduler_interface or config.interface,
            "dashboard": False,
            "dashboard_address": "127.0.0.1:0",  # of its health page
        },
    )


def check_foundations() -> None:
    """Say which private part of dask-jobqueue or distributed has gone, if one has.

    Raises
    ------
    HifredError
        If an attribute that this module builds on is missing.
    """
    parts = {
        Job: ("start", "close", "job_script"),
        SpecCluster: ("scale", "_correct_state", "new_worker_spec"),
    }
    gone = [
        f"{owner.__name__}.{name}"
        for owner, names in parts.items()
        for name in names
        if not hasattr(owner, name)
    ]
    if gone:
        message = (
            f"dask-jobqueue and distributed must have {', '.join(gone)}; got versions "
            f"without. Install the versions that pyproject.toml names."
        )
        raise HifredError(message)
