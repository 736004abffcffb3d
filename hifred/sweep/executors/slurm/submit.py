"""Send the driver itself as a batch job, and walk away."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import final

from hifred.errors import HifredError
from hifred.store.durable import replace_text
from hifred.sweep.executors.config import SlurmConfig, read_cluster_config
from hifred.sweep.executors.memory import memory_for_sweep
from hifred.sweep.executors.slurm import job_queue
from hifred.sweep.executors.slurm.driver_record import DriverJob, write_driver_job
from hifred.sweep.executors.slurm.driver_script import (
    allocation_script,
    driver_name,
    driver_script,
)
from hifred.sweep.executors.slurm.journal import FOLDER
from hifred.sweep.executors.slurm.preflight import (
    check_before_submitting,
    check_programs,
    check_script,
)
from hifred.sweep.executors.slurm.run_files import plan_run_files
from hifred.sweep.executors.slurm.worker_cluster import WorkerRequest


@final
@dataclass(frozen=True)
class Submission:
    """A driver that is to be sent.

    Parameters
    ----------
    sweep : Path
        The sweep directory.
    config_file : Path
        The cluster configuration.
    jobs : int or None
        Worker jobs wanted; None means the configuration's number.
    single_job : bool
        One allocation for driver and workers.
    """

    sweep: Path
    config_file: Path
    jobs: int | None = None
    single_job: bool = False

    @property
    def frozen_config(self) -> Path:
        """The copy that the job reads: later edits do not reach a queued driver."""
        return self.sweep / FOLDER / "submitted.toml"

    def config(self) -> SlurmConfig:
        """Read the configuration, which has to be one of a SLURM cluster."""
        config = read_cluster_config(self.config_file)
        if not isinstance(config, SlurmConfig):
            message = (
                f"cluster config must have executor = 'slurm' to submit; got "
                f"'{config.executor}'. Use `hifred run --cluster {self.config_file}`."
            )
            raise HifredError(message)
        return config

    def scripts(self) -> dict[str, str]:
        """Return the batch scripts that SLURM would get, the driver's first."""
        config = self.config()
        memory = memory_for_sweep(self.sweep, config)
        if self.single_job:
            script = allocation_script(
                self.sweep,
                config,
                self.frozen_config,
                memory=memory,
                jobs=self.jobs,
            )
            return {"driver and workers": script}
        driver = driver_script(self.sweep, config, self.frozen_config, jobs=self.jobs)
        files = plan_run_files(self.sweep, config)
        keys = files.tls if config.tls else None
        worker = WorkerRequest(config, files.job_name, files.log, memory, keys)
        return {"driver": driver, "worker": worker.script()}


def submit_driver(submission: Submission) -> str:
    """Check everything, submit the driver's job and return its id.

    Raises
    ------
    HifredError
        If something is wrong, or a driver of this sweep is queued or running.
    """
    config = submission.config()
    check_programs()
    scripts = list(submission.scripts().values())
    _refuse_second_driver(submission.sweep)
    files = plan_run_files(submission.sweep, config)
    check_before_submitting(
        scripts[0],
        interfaces={config.scheduler_interface or config.interface},
        directories={
            "log_directory": files.log.parent,
            "tls_directory": files.tls.parent,
        },
    )
    for script in scripts[1:]:
        check_script(script)
    submission.frozen_config.parent.mkdir(exist_ok=True)
    text = submission.config_file.read_text(encoding="utf-8")
    replace_text(submission.frozen_config, text)
    name, single = driver_name(submission.sweep), submission.single_job
    job_id = job_queue.submit_script(scripts[0])
    write_driver_job(submission.sweep, DriverJob(job_id, name, single, time.time()))
    return job_id


def _refuse_second_driver(sweep: Path) -> None:
    queued = list(job_queue.list_jobs(driver_name(sweep)).values())
    if queued:
        message = (
            f"a sweep must have one driver; job {queued[0].job_id} is "
            f"{queued[0].state}. Watch it with `hifred status {sweep}`, or end it "
            f"with `hifred cancel {sweep}`."
        )
        raise HifredError(message)
