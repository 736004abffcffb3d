"""The one way that Dask is used: one task a worker, every death told."""

import contextlib
import logging
import threading
import uuid
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, ClassVar, Generic, Self, TypeVar, final

import dask
from distributed import Client, Future
from distributed.client import FutureCancelledError
from distributed.deploy import Cluster
from distributed.scheduler import KilledWorker

from hifred.sweep.executors.executor import TaskFuture, WorkerLostError
from hifred.sweep.record.events import TrialOutcome

logger = logging.getLogger(__name__)
T = TypeVar("T")
# What a user's own Dask configuration says of other clusters: workers that end in the
# middle of a trial, schedulers that end when they wait, modules that are not there.
DASK_DEFAULTS: dict[str, object] = {
    "distributed.scheduler.worker-ttl": "5 minutes",
    "distributed.scheduler.idle-timeout": None,
    "distributed.scheduler.no-workers-timeout": None,
    "distributed.scheduler.blocked-handlers": [],
    "distributed.scheduler.preload": [],
    "distributed.worker.lifetime.duration": None,
    "distributed.worker.lifetime.restart": False,
    "distributed.worker.blocked-handlers": [],
    "distributed.worker.preload": [],
    "distributed.worker.resources": {},
    "distributed.nanny.preload": [],
    "distributed.client.preload": [],
    "distributed.comm.timeouts.tcp": "60s",
}
# One task a worker and no hidden retries: a task in the scheduler's queue cannot
# die with a neighbour's worker, and the driver counts every death itself.
DASK_CONFIG: dict[str, object] = {
    **DASK_DEFAULTS,
    "distributed.scheduler.worker-saturation": 1.0,
    "distributed.scheduler.allowed-failures": 0,
    "distributed.scheduler.work-stealing": False,
    # Samples of compiled kernels tell nothing, and cost a tenth of a short trial.
    "distributed.worker.profile.enabled": False,
    # Trials hold their arrays themselves, so there is nothing to spill, and a worker
    # that Dask un-pauses would take new trials while it drains.
    "distributed.worker.memory.terminate": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.target": False,
    "distributed.comm.timeouts.connect": "60s",
    "distributed.admin.tick.limit": "60s",
    # Fifty times a second by default: a driver and two workers that wait would take
    # an eighth of a core from the fusions.
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "2s",
}

# A finished task whose worker dies before its answer is fetched would be computed
# again, and its future waits: for ever where no worker comes.
ANSWER_SECONDS = 10.0
CLOSE_SECONDS = 20.0


@final
class DaskFuture(Generic[T]):
    """A Dask future that is released as soon as its answer has been read.

    Parameters
    ----------
    future : Future
    explain : callable
        Gets the name and address of a dead worker, returns what ended it.
    """

    def __init__(
        self, future: "Future[T]", explain: Callable[[str, str], WorkerLostError]
    ) -> None:
        self._future = future
        self._explain = explain
        self._lost: WorkerLostError | None = None
        self._answer: list[T] = []

    def add_done_callback(self, function: Callable[[TaskFuture[T]], object]) -> None:
        def done(future: "Future[T]") -> None:
            if future.status != "error":
                function(self)
                return
            # Finding the cause may take seconds: neither Dask's one thread for
            # callbacks nor the driver waits for it.
            threading.Thread(target=self._ask_why, args=(function,)).start()

        self._future.add_done_callback(done)

    def _ask_why(self, function: Callable[[TaskFuture[T]], object]) -> None:
        error = self._future.exception()
        if isinstance(error, KilledWorker):
            worker = error.last_worker
            self._lost = self._explain(str(worker.name), worker.address)
        function(self)

    def result(self) -> T:
        if self._answer:
            return self._answer[0]
        try:
            return self._future.result(timeout=ANSWER_SECONDS)
        except TimeoutError as error:
            raise WorkerLostError("its worker died before it answered") from error
        except KilledWorker as error:
            lost = WorkerLostError(f"worker {error.last_worker.address} died")
            raise self._lost or lost from error
        except FutureCancelledError as error:
            message = "the task was taken back"
            raise WorkerLostError(message, TrialOutcome.RECALLED) from error
        finally:
            self._future.release()

    @staticmethod
    def fetch(futures: "Sequence[DaskFuture[T]]", client: Client) -> None:
        """Read the answers of finished tasks in one round trip for all of them."""
        ready = [f for f in futures if f._future.status == "finished"]
        try:
            answers = client.sync(
                client.gather,
                [f._future for f in ready],
                callback_timeout=ANSWER_SECONDS,
            )
        except Exception:
            return  # one is lost; `result` finds out which, and why
        for future, answer in zip(ready, answers, strict=True):
            future._answer.append(answer)
            future._future.release()


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
    # Of Dask, besides `DASK_CONFIG`.
    dask_config: ClassVar[Mapping[str, object]] = {}

    def __init__(self, capacity: int, threads: int = 1) -> None:
        self.capacity = capacity
        self.threads = threads
        self.trouble: str | None = None
        self.client: Client | None = None
        self._entered = contextlib.ExitStack()
        self._futures: weakref.WeakValueDictionary[str, Future[Any]] = (
            weakref.WeakValueDictionary()
        )

    @abstractmethod
    def make_cluster(self) -> Cluster:
        """Return a started `distributed` cluster object."""

    def __enter__(self) -> Self:
        # For as long as it is entered: a worker that is replaced reads it again.
        with contextlib.ExitStack() as stack:
            stack.enter_context(dask.config.set({**DASK_CONFIG, **self.dask_config}))
            self.cluster = self.make_cluster()
            self.client = Client(self.cluster, set_as_default=False)
            self._entered = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._entered:
            try:
                if self.client is not None:
                    self.client.close(timeout=5)
                self.cluster.close(timeout=CLOSE_SECONDS)
            except TimeoutError:
                # A busy machine; what was found must not be lost to it.
                logger.warning("workers have not stopped in %g s", CLOSE_SECONDS)

    def submit(
        self, function: Callable[..., T], tasks: Sequence[tuple[object, ...]]
    ) -> list[DaskFuture[T]]:
        assert self.client is not None, "enter the executor before submitting"
        keys = [f"trial-{uuid.uuid4().hex}" for _ in tasks]
        futures = self.client.map(
            function, *zip(*tasks, strict=True), key=keys, pure=False, retries=0
        )
        self._futures.update({str(future.key): future for future in futures})
        return [DaskFuture(future, self.explain_loss) for future in futures]

    def fetch(self, futures: Sequence[TaskFuture[object]]) -> None:
        assert self.client is not None, "enter the executor before fetching"
        own = [future for future in futures if isinstance(future, DaskFuture)]
        DaskFuture.fetch(own, self.client)

    def explain_loss(self, worker: str, address: str) -> WorkerLostError:
        """Return what ended the worker of this name and address."""
        return WorkerLostError(f"worker {address} died")

    def recall(self) -> None:
        assert self.client is not None, "enter the executor before recalling"
        begun = {key for keys in self.client.processing().values() for key in keys}
        waiting = [f for key, f in list(self._futures.items()) if key not in begun]
        self.client.cancel(waiting, force=True)


def thread_environment(threads: int) -> dict[str, str]:
    """Return the variables that give every library of products `threads` threads.

    Numba's is left out: a worker here gets them after it has imported the script that
    started the sweep, and where that imports numba, the next kernel to be compiled
    would fail. `hifred.threads.use_threads` bounds kernels everywhere.
    """
    names = (
        "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS",
        "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
    )  # fmt: skip
    return dict.fromkeys(names, str(threads))


def dask_environment() -> dict[str, str]:
    """Return the variables by which a worker that Dask starts elsewhere is set up."""
    return {
        f"DASK_{key}".upper().replace(".", "__").replace("-", "_"): str(value)
        for key, value in DASK_CONFIG.items()
    }
