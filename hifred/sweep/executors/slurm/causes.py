"""What the end of a job means for the trial that it ran."""

import time

from hifred.sweep.executors.executor import WorkerLostError
from hifred.sweep.executors.slurm import job_queue
from hifred.sweep.record.events import TrialOutcome

# A job that was taken away says nothing about its trial; one that reached its time
# limit may have been too short for it, and counts.
_OUTCOMES = {
    "CANCELLED": TrialOutcome.STOPPED,
    "PREEMPTED": TrialOutcome.STOPPED,
    "REVOKED": TrialOutcome.STOPPED,
    "TIMEOUT": TrialOutcome.TIMEOUT,
    "DEADLINE": TrialOutcome.TIMEOUT,
    "OUT_OF_MEMORY": TrialOutcome.OOM,
}
# What SLURM still says of a job whose worker has just died.
_STILL_GOING = ("RUNNING", "COMPLETING", "unknown")


def explain_end(job_id: str | None, patience_seconds: float = 4.0) -> WorkerLostError:
    """Return why a worker is gone, as SLURM tells it.

    Parameters
    ----------
    job_id : str or None
        Its job; None means that it is not known.
    patience_seconds : float, s
        How long to wait for a job that still runs: the worker is seen to die before
        SLURM has booked why.
    """
    if job_id is None:
        return WorkerLostError("its job is not known")
    until = time.monotonic() + patience_seconds
    state = job_queue.why_ended(job_id)
    while state.split(" ")[0] in _STILL_GOING and time.monotonic() < until:
        time.sleep(0.5)
        state = job_queue.why_ended(job_id)
    word = state.split(" ")[0]
    if word in _STILL_GOING:
        return WorkerLostError(f"its process died, while SLURM job {job_id} went on")
    outcome = _OUTCOMES.get(word, TrialOutcome.LOST)
    return WorkerLostError(f"SLURM job {job_id}: {state}", outcome)
