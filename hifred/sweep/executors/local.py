"""Trials in worker processes of this machine."""

import asyncio
import tempfile
from typing import final

from distributed import LocalCluster
from distributed.core import Status
from distributed.deploy import Cluster

from hifred.errors import HifredError
from hifred.sweep.executors.dask_executor import DaskExecutor, thread_environment

KEEP_SECONDS = 2.0
# Dask has the allocator hand every freed array back at once, and pay for its pages
# again at the next: at published size a third of a trial's time (8.4 s against 6.0 s).
_ALLOCATOR = {"distributed.nanny.pre-spawn-environ": {"MALLOC_TRIM_THRESHOLD_": None}}


@final
class LocalExecutor(DaskExecutor):
    """A Dask `LocalCluster` that only this machine can reach, under TLS.

    Loopback alone would not do on a login node: anybody there could hand the
    scheduler a task, which is code.
    """

    dask_config = _ALLOCATOR

    def make_cluster(self) -> Cluster:
        try:
            cluster = self._started()
        except (RuntimeError, OSError) as error:
            raise _cannot_start(error) from error
        assert cluster.loop is not None, "a cluster that has started has a loop"
        cluster.loop.add_callback(self._keep, cluster)
        return cluster

    def _started(self) -> LocalCluster:
        return LocalCluster(
            n_workers=self.capacity,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            # Nobody looks, and it costs a second of every start.
            scheduler_kwargs={"dashboard": False},
            security=True,
            memory_limit=0,  # the trial's own guard names its cause
            silence_logs=50,
            env=thread_environment(self.threads),
        )

    async def _keep(self, cluster: LocalCluster) -> None:
        """Start workers again that Dask has given up.

        It drops a worker for good that is not back after 15 s, or that dies while it
        starts: in the end none would be left, and the sweep would wait for ever.
        """
        while cluster.status == Status.running:
            cluster.scale(self.capacity)
            await asyncio.sleep(KEEP_SECONDS)


def _cannot_start(error: Exception) -> HifredError:
    causes = [error]
    while isinstance(causes[-1].__cause__, Exception):
        causes.append(causes[-1].__cause__)
    return HifredError(
        f"worker processes must be able to start; they cannot: {causes[-1]}. A script "
        "that runs a sweep must do so below `if __name__ == '__main__':`; and there "
        f"must be room in {tempfile.gettempdir()}."
    )
