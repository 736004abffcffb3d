"""Keep the wanted number of worker jobs in the queue, or stop aloud."""

import logging
import threading
import time
from collections.abc import Callable, Collection, Mapping
from typing import final

from distributed.diagnostics.plugin import SchedulerPlugin
from distributed.scheduler import Scheduler

from hifred.sweep.executors.config import SlurmConfig
from hifred.sweep.executors.slurm import job_queue
from hifred.sweep.executors.slurm.job_queue import QueuedJob, QueueError
from hifred.sweep.executors.slurm.joblog import last_lines
from hifred.sweep.executors.slurm.journal import JobLine, Journal
from hifred.sweep.executors.slurm.worker_cluster import WorkerCluster

logger = logging.getLogger(__name__)

_LONGEST_PAUSE = 120.0
# squeue may not know a job yet that sbatch has just accepted.
_NEWBORN_SECONDS = 3.0
_REFUSED = "SLURM refused a worker job: "


@final
class _Arrivals(SchedulerPlugin):
    """The names of all workers that ever reported."""

    name = "hifred-arrivals"

    def __init__(self) -> None:
        self.names: set[str] = set()

    def add_worker(self, scheduler: Scheduler, worker: str) -> None:
        self.names.add(str(scheduler.workers[worker].name))


@final
class Keeper(threading.Thread):
    """Replace worker jobs that are gone; give up when no job brings a worker.

    dask-jobqueue submits each job once: lost or refused jobs are never replaced, and
    nobody hears of it.

    Parameters
    ----------
    cluster : WorkerCluster
    config : SlurmConfig
        How many jobs, how often to look, when to lose patience.
    journal : Journal
        Where the jobs, the ends of jobs and their causes are told.
    give_up : callable
        Called once, with the reason, when no worker can be had.
    """

    def __init__(
        self,
        cluster: WorkerCluster,
        config: SlurmConfig,
        *,
        journal: Journal,
        give_up: Callable[[str], None],
    ) -> None:
        super().__init__(name="hifred-keeper", daemon=True)
        self.cluster = cluster
        self.config = config
        self.journal = journal
        self._give_up = give_up
        self._stopped = threading.Event()
        self._arrivals = _Arrivals()
        self._since: dict[str, float] = {}  # job id and state -> when first seen so
        self._job_ids: dict[str, str | None] = {}  # of every job there ever was
        self._confirmed: set[str] = set()  # jobs that are known to have ended
        self._failures = 0
        self._quiet_until = 0.0
        cluster.scheduler.add_plugin(self._arrivals)

    def run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._look()
            except QueueError as error:
                # Says nothing about the jobs: they are left alone.
                self.journal.note(f"the queue does not answer: {error}")
            except RuntimeError as error:
                logger.debug("the cluster closes while the keeper looks: %s", error)
            self.journal.write()
            self._stopped.wait(self.config.poll_seconds)

    def stop(self) -> None:
        """End the watch; the jobs stay as they are."""
        self._stopped.set()
        if self.is_alive():
            self.join(timeout=job_queue.COMMAND_SECONDS + 5)

    def job_id_of(self, worker_name: str) -> str | None:
        """Return the id of the job that a worker belongs to."""
        for name, job_id in dict(self._job_ids).items():
            if _belongs(worker_name, name):
                return job_id
        return None

    def _look(self) -> None:
        listing = job_queue.list_jobs(self.journal.job_name)
        ended: dict[str, str] = {}
        lines: list[JobLine] = []
        for name, job in dict(self.cluster.workers).items():
            self._job_ids[name] = job.job_id
            queued = listing.get(job.job_id or "")
            if queued is not None:
                lines.append(_job_line(queued, self._arrived(name)))
                self._check_start(queued, self._arrived(name))
            elif job.failure:
                ended[name] = f"{_REFUSED}{job.failure}"
            elif self._age(job.job_id, "accepted") > _NEWBORN_SECONDS:
                cause = job_queue.why_ended(str(job.job_id))
                if self._is_witnessed(job.job_id, cause):
                    lines.append(JobLine(str(job.job_id), cause.split(" ")[0]))
                else:
                    ended[name] = cause
        self.journal.live = lines
        self._account(ended)
        self._refill(ended, n_living=max(len(lines), len(listing)))

    def _is_witnessed(self, job_id: str | None, state: str) -> bool:
        """Say whether a job lives although squeue does not list it."""
        if state == "unknown" or job_queue.has_ended(state):
            return False
        self.journal.note(
            f"squeue does not list job {job_id}, which scontrol says is {state}; it is "
            "left alone"
        )
        return True

    def _arrived(self, name: str) -> int:
        return sum(_belongs(worker, name) for worker in self._arrivals.names)

    def _age(self, job_id: str | None, state: str) -> float:
        if job_id is None:
            return 0.0
        now = time.monotonic()
        return now - self._since.setdefault(f"{job_id} {state}", now)

    def _check_start(self, queued: QueuedJob, arrived: int) -> None:
        if queued.state != "RUNNING" or arrived:
            return
        if self._age(queued.job_id, "running") > self.config.start_seconds:
            self.journal.note(
                f"job {queued.job_id} runs on {queued.node} for "
                f"{self.config.start_seconds:.0f} s without a worker that reports; "
                f"it is cancelled. {self._log_of(queued.job_id)}"
            )
            job_queue.cancel_jobs([queued.job_id])

    def _account(self, ended: Mapping[str, str]) -> None:
        failed = False
        for name, cause in ended.items():
            if cause.startswith(_REFUSED):
                failed = True
                self.journal.note(cause)
                continue
            self.journal.count_end(cause)
            if cause != "unknown":
                self._confirmed.add(name)
            if self._arrived(name) or cause.startswith("CANCELLED"):
                continue  # it worked, or somebody took it from the queue
            failed = True
            job_id = self._job_ids[name]
            log = self._log_of(job_id)
            self.journal.note(f"job {job_id} ended early: {cause}. {log}")
        if failed:
            self._failures += 1
            pause = self.config.poll_seconds * 2**self._failures
            self._quiet_until = time.monotonic() + min(pause, _LONGEST_PAUSE)
        elif self.cluster.scheduler.workers:
            self._failures = 0

    def _log_of(self, job_id: str | None) -> str:
        return last_lines(self.cluster.request.log, str(job_id))

    def _refill(self, ended: Collection[str], *, n_living: int) -> None:
        hopeless = self._failures >= self.config.give_up_after
        if hopeless and not n_living and not self.cluster.scheduler.workers:
            self._stopped.set()
            self.journal.state = "gave up"
            self._give_up(self.journal.notes[-1].text)
        elif not self._stopped.is_set():
            self.cluster.sync(self._replace, ended, self._may_send(n_living))

    def _may_send(self, n_living: int) -> bool:
        """Say whether another job may be sent, now that so many are in the queue.

        Whatever the queue answers, no more jobs are sent than twice those wanted, and
        some to be refused, unless somebody has confirmed the end of the others.
        """
        most = 2 * self.config.jobs + self.config.give_up_after
        sent = {name for name, job_id in self._job_ids.items() if job_id is not None}
        n_open = max(len(sent - self._confirmed), n_living)
        if n_open >= most:
            self.journal.note(
                f"{n_open} jobs are queued, or were sent and nobody says that they "
                f"ended, where {self.config.jobs} are wanted: no more are sent"
            )
        return n_open < most and time.monotonic() >= self._quiet_until

    async def _replace(self, ended: Collection[str], may_send: bool) -> None:
        for name in ended:
            self.cluster.workers.pop(name, None)
            self.cluster.worker_spec.pop(name, None)
        if may_send:
            self.cluster.scale(jobs=self.config.jobs)


def _belongs(worker_name: str, job_name: str) -> bool:
    return worker_name == job_name or worker_name.startswith(f"{job_name}-")


def _job_line(queued: QueuedJob, workers: int) -> JobLine:
    reason = queued.reason if queued.reason not in ("None", "(null)") else ""
    return JobLine(queued.job_id, queued.state, queued.node, reason, workers)
