"""Trials in worker jobs of a SLURM cluster."""

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self, final

import dask
from distributed.deploy import Cluster

from hifred.settings import ByteSize
from hifred.sweep.executors.config import SlurmConfig
from hifred.sweep.executors.dask_executor import DaskExecutor
from hifred.sweep.executors.executor import WorkerLostError
from hifred.sweep.executors.slurm import tls
from hifred.sweep.executors.slurm.causes import explain_end
from hifred.sweep.executors.slurm.drain import Drain
from hifred.sweep.executors.slurm.ending import cancel_leftovers
from hifred.sweep.executors.slurm.journal import Journal
from hifred.sweep.executors.slurm.keeper import Keeper
from hifred.sweep.executors.slurm.preflight import check_before_submitting
from hifred.sweep.executors.slurm.run_files import plan_run_files
from hifred.sweep.executors.slurm.worker_cluster import (
    DASK_SETTINGS,
    WorkerRequest,
    open_cluster,
)


@final
class SlurmExecutor(DaskExecutor):
    """Run tasks in jobs that the keeper keeps alive and drains before they end.

    Parameters
    ----------
    config : SlurmConfig
    sweep : Path
        The sweep directory; it has to lie on the file system that the nodes share.
    memory : ByteSize
        Memory of one trial.
    """

    def __init__(self, config: SlurmConfig, sweep: Path, memory: ByteSize) -> None:
        super().__init__(config.capacity, config.threads)
        self.config = config
        self.files = plan_run_files(sweep, config)
        tls_directory = self.files.tls if config.tls else None
        self.request = WorkerRequest(
            config, self.files.job_name, self.files.log, memory, tls_directory
        )
        self.journal = Journal(self.files.journal, self.files.job_name)

    def check(self) -> str:
        """Refuse what SLURM would refuse; nothing is submitted."""
        config = self.config
        return check_before_submitting(
            self.request.script(),
            interfaces={config.scheduler_interface or config.interface},
            directories={
                "log_directory": self.files.log.parent,
                "tls_directory": self.files.tls.parent,
            },
        )

    def make_cluster(self) -> Cluster:
        self.check()
        tls.remove_stale_certificates(self.files)
        security = tls.write_certificates(self.files.tls) if self.config.tls else None
        self.jobs = open_cluster(self.request, security)
        return self.jobs

    def __enter__(self) -> Self:
        with ExitStack() as leave:
            leave.enter_context(dask.config.set(DASK_SETTINGS))
            leave.callback(tls.remove_certificates, self.files.tls)
            super().__enter__()
            self._leave = leave.pop_all()
        assert self.client is not None
        self.client.register_plugin(Drain(self.config.margin, self.config.walltime))
        self.keeper = Keeper(
            self.jobs, self.config, journal=self.journal, give_up=self._give_up
        )
        self.keeper.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._leave.callback(cancel_leftovers, self.journal)
        self.keeper.stop()
        with self._leave:
            super().__exit__(kind, error, trace)

    def explain_loss(self, worker: str, address: str) -> WorkerLostError:
        return explain_end(self.keeper.job_id_of(worker))

    def _give_up(self, reason: str) -> None:
        self.trouble = f"SLURM brings no worker: {reason}"
