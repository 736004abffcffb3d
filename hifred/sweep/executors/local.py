"""Trials in worker processes of this machine."""

from typing import Any, final

import dask
from distributed import LocalCluster

from hifred.sweep.executors.base import DaskExecutor, thread_environment

# Dask has the allocator hand every freed array back at once, and pay for its pages
# again at the next: at published size a third of a trial's time (8.4 s against 6.0 s).
_ALLOCATOR = {"distributed.nanny.pre-spawn-environ": {"MALLOC_TRIM_THRESHOLD_": None}}


@final
class LocalExecutor(DaskExecutor):
    """A Dask `LocalCluster` that only this machine can reach, under TLS.

    Loopback alone would not do on a login node: anybody there could hand the
    scheduler a task, which is code.
    """

    def make_cluster(self) -> Any:
        with dask.config.set(_ALLOCATOR):
            return LocalCluster(
                n_workers=self.capacity,
                threads_per_worker=1,
                processes=True,
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",
                worker_dashboard_address="127.0.0.1:0",
                security=True,
                memory_limit=0,  # the trial's own guard names its cause
                silence_logs=50,
                env=thread_environment(self.threads),
            )
