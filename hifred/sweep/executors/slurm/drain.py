"""Let a worker end in good order before its job does."""

import asyncio
import logging
import os
import signal
import threading
import time
from typing import final

import psutil
from distributed.core import Status
from distributed.diagnostics.plugin import WorkerPlugin
from distributed.worker import Worker

from hifred.sweep.executors.slurm import job_queue
from hifred.sweep.worker.deadline import request_stop

logger = logging.getLogger(__name__)

# How long a worker that is told to end may take: SLURM's usual patience is 30 s.
_LAST_SECONDS = 25.0


@final
class Drain(WorkerPlugin):
    """Stop taking trials `margin` before the job ends, let the running one stop, close.

    Dask's own ``--lifetime`` closes a worker under its running task and starts a trial
    longer than the lifetime for ever.

    Parameters
    ----------
    margin : float, s
        How long before its end a job stops working.
    walltime : float, s
        Time limit that the job was sent with, for when squeue does not answer.
    """

    name = "hifred-drain"

    def __init__(self, margin: float, walltime: float) -> None:
        self.margin = margin
        self.walltime = walltime

    def setup(self, worker: Worker) -> None:
        self._worker = worker
        self._closing = threading.Event()
        threading.Thread(target=self._watch, daemon=True, name=self.name).start()
        if threading.current_thread() is threading.main_thread():
            # Dask's own handler leaves a worker without a nanny hanging half closed.
            signal.signal(signal.SIGTERM, self._on_terminate)

    def teardown(self, worker: Worker) -> None:
        # Also when SIGTERM ends the job early: the trial saves what it has.
        self._closing.set()
        request_stop("its worker is told to end")
        _end_process_in(_LAST_SECONDS)

    def _on_terminate(self, number: int, frame: object) -> None:
        request_stop("its worker is told to end")
        _end_process_in(_LAST_SECONDS)
        self._worker.loop.add_callback_from_signal(self._drain)

    def _watch(self) -> None:
        wait = seconds_until_end(self.walltime) - self.margin
        logger.info("this worker stops taking trials in %.0f s", wait)
        if not self._closing.wait(max(wait, 0)):
            self._worker.loop.add_callback(self._drain)

    async def _drain(self) -> None:
        worker = self._worker
        logger.info("this worker takes no more trials and closes")
        worker.status = Status.paused  # the scheduler sends nothing more
        request_stop("its job's end nears")
        while worker.state.executing_count:
            await asyncio.sleep(0.1)
        await worker.close_gracefully(restart=False, reason="the job's end nears")


def _end_process_in(seconds: float) -> None:
    """Make sure that this process is gone then, whatever hangs."""
    timer = threading.Timer(seconds, os._exit, (0,))
    timer.daemon = True
    timer.start()


def seconds_until_end(walltime: float, attempts: int = 3) -> float:
    """Return the seconds until this job's time limit.

    Parameters
    ----------
    walltime : float, s
        Counted from the start of the process that started this one when the queue
        does not answer.
    attempts : int
        How often the queue is asked.
    """
    job_id = os.environ.get("SLURM_JOB_ID")
    for attempt in range(attempts if job_id else 0):
        try:
            left = job_queue.seconds_left(str(job_id))
        except job_queue.QueueError:
            time.sleep(attempt)
        else:
            return float("inf") if left is None else left
    started: float = psutil.Process(os.getppid()).create_time()
    return walltime - (time.time() - started)
