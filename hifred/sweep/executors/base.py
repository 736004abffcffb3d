"""What the driver asks of an executor, and the one way that Dask is used."""

import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable
from types import TracebackType
from typing import Any, Protocol, Self, final

import dask
from distributed import Client, Future
from distributed.client import FutureCancelledError
from distributed.scheduler import KilledWorker

# One task a worker and no hidden retries: a task in the scheduler's queue cannot
# die with a neighbour's worker, and the driver counts every death itself.
DASK_CONFIG = {
    "distributed.scheduler.worker-saturation": 1.0,
    "distributed.scheduler.allowed-failures": 0,
    "distributed.scheduler.work-stealing": False,
    "distributed.worker.memory.terminate": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.target": False,
    "distributed.comm.timeouts.connect": "60s",
    "distributed.admin.tick.limit": "60s",
}


class WorkerLostError(Exception):
    """The process that ran a task died, or was taken away, before it answered."""


class TaskFuture(Protocol):
    """A promise of one task's answer, as `concurrent.futures` has it."""

    def add_done_callback(self, function: Callable[[Any], None]) -> None:
        """Call `function` with this object once the answer is there."""

    def result(self) -> Any:
        """Return the answer; raises `WorkerLostError` when its process died."""


class Executor(Protocol):
    """Something that runs tasks; entering starts it, leaving stops it.

    Attributes
    ----------
    capacity : int
        Tasks that can run at the same time. It may change while entered.
    isolated : bool
        True when tasks run in other processes, so that one may die alone.
    """

    capacity: int
    isolated: bool

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def submit(
        self, function: Callable[..., Any], *args: Any, alone: bool = False
    ) -> TaskFuture:
        """Hand over one task; `alone` asks for a worker that runs nothing else."""

    def run_on_workers(self, function: Callable[[], Any]) -> None:
        """Call `function` in every process that runs tasks, without waiting long."""


@final
class DaskFuture:
    """A Dask future that is released as soon as its answer has been read."""

    def __init__(self, future: Future) -> None:
        self._future = future

    def add_done_callback(self, function: Callable[[Any], None]) -> None:
        self._future.add_done_callback(lambda _: function(self))

    def result(self) -> Any:
        try:
            return self._future.result()
        except KilledWorker as error:
            raise WorkerLostError(f"worker {error.last_worker.address} died") from error
        except FutureCancelledError as error:
            raise WorkerLostError("the scheduler dropped the task") from error
        finally:
            self._future.release()


class DaskExecutor(ABC):
    """Run tasks on a Dask cluster, one task a worker process at a time.

    A subclass says only how its cluster is made; everything else is shared.

    Parameters
    ----------
    capacity : int
        Number of worker processes wanted, at least 1.
    threads : int
        Threads of one trial; exported to BLAS, OpenMP and numba of the workers.
    """

    isolated = True

    def __init__(self, capacity: int, threads: int = 1) -> None:
        self.capacity = capacity
        self.threads = threads
        self.client: Client | None = None

    @abstractmethod
    def make_cluster(self) -> Any:
        """Return a started `distributed` cluster object."""

    def __enter__(self) -> Self:
        with dask.config.set(DASK_CONFIG):
            self.cluster = self.make_cluster()
            self.client = Client(self.cluster, set_as_default=False)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.client is not None:
            self.client.close(timeout=5)
        self.cluster.close(timeout=20)

    def submit(
        self, function: Callable[..., Any], *args: Any, alone: bool = False
    ) -> TaskFuture:
        assert self.client is not None, "enter the executor before submitting"
        future = self.client.submit(
            function, *args, key=f"trial-{uuid.uuid4().hex}", pure=False, retries=0
        )
        return DaskFuture(future)

    def run_on_workers(self, function: Callable[[], Any]) -> None:
        assert self.client is not None, "enter the executor before calling workers"
        self.client.run(function, on_error="ignore", wait=False)


def thread_environment(threads: int) -> dict[str, str]:
    """Return the variables that give every numerical library `threads` threads."""
    names = (
        "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS",
        "NUMBA_NUM_THREADS", "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
    )  # fmt: skip
    return dict.fromkeys(names, str(threads))
