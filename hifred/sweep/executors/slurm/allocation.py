"""Trials inside one SLURM allocation: the driver here, the workers by srun."""

import os
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self, final

from distributed import Scheduler, SpecCluster
from distributed.deploy import Cluster

from hifred.sweep.executors.config import SlurmConfig
from hifred.sweep.executors.dask_executor import DaskExecutor
from hifred.sweep.executors.slurm import tls
from hifred.sweep.executors.slurm.drain import Drain
from hifred.sweep.executors.slurm.journal import Journal
from hifred.sweep.executors.slurm.run_files import plan_run_files
from hifred.sweep.executors.slurm.script import worker_command


@final
class AllocationExecutor(DaskExecutor):
    """Run tasks in the tasks of the job that this process is itself part of.

    Parameters
    ----------
    config : SlurmConfig
    sweep : Path
        The sweep directory.
    """

    def __init__(self, config: SlurmConfig, sweep: Path) -> None:
        tasks = int(os.environ.get("SLURM_NTASKS", config.capacity))
        super().__init__(tasks, config.threads)
        self.config = config
        self.files = plan_run_files(sweep, config)
        self.journal = Journal(self.files.journal, self.files.job_name)

    def make_cluster(self) -> Cluster:
        tls.remove_stale_certificates(self.files)
        security = tls.write_certificates(self.files.tls) if self.config.tls else None
        options = {
            "protocol": "tls://" if security else "tcp://",
            "interface": self.config.scheduler_interface or self.config.interface,
            "dashboard": False,
            "dashboard_address": "127.0.0.1:0",  # of its health page
            "security": security,
        }
        scheduler = {"cls": Scheduler, "options": options}
        return SpecCluster(scheduler=scheduler, security=security, silence_logs=50)

    def __enter__(self) -> Self:
        with ExitStack() as leave:
            leave.callback(tls.remove_certificates, self.files.tls)
            super().__enter__()
            self._leave = leave.pop_all()
        assert self.client is not None
        self.client.register_plugin(Drain(self.config.margin, self.config.walltime))
        directory = self.files.tls if self.config.tls else None
        command = worker_command(
            self.config, self.cluster.scheduler_address, tls_directory=directory
        )
        self.step = WorkerStep(command, self.capacity, self.journal, self._give_up)
        self.step.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.step.closing.set()
        with self._leave:
            super().__exit__(kind, error, trace)
        self.step.stop()

    def _give_up(self, reason: str) -> None:
        self.trouble = reason


@final
class WorkerStep(threading.Thread):
    """Keep one srun with all workers going.

    Parameters
    ----------
    command : str
        What each task runs, in a shell of its node.
    tasks : int
        Number of workers.
    journal : Journal
        Where the ends of the step are told.
    give_up : callable
        Called with the reason after three steps in a row that ended within 30 s.
    """

    def __init__(
        self,
        command: str,
        tasks: int,
        journal: Journal,
        give_up: Callable[[str], None],
    ) -> None:
        super().__init__(name="hifred-step", daemon=True)
        self._command = [
            "srun",
            f"--ntasks={tasks}",
            "--kill-on-bad-exit=0",
            "--no-kill",
            "bash",
            "-c",
            f"{command}\nwork",
        ]
        self._journal = journal
        self._give_up = give_up
        self._process: subprocess.Popen[bytes] | None = None
        self.closing = threading.Event()

    def run(self) -> None:
        quick = 0
        while not self.closing.is_set() and quick < 3:
            started = time.monotonic()
            self._process = subprocess.Popen(self._command)
            self._journal.write()
            code = self._process.wait()
            quick = quick + 1 if time.monotonic() - started < 30 else 0
            self._journal.note(f"srun ended with exit code {code}")
            self._journal.write()
            self.closing.wait(2.0)
        if not self.closing.is_set():
            self._give_up(f"srun ended {quick} times within 30 s; see the job's log")

    def stop(self) -> None:
        """End srun; its workers have been told to close."""
        self.join(timeout=15)
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
        self._journal.state = "ended"
        self._journal.write()
