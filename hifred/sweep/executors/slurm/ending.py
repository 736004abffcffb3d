"""Leave no job behind."""

import time

from hifred.sweep.executors.slurm import job_queue
from hifred.sweep.executors.slurm.journal import Journal


def cancel_leftovers(journal: Journal, attempts: int = 5) -> None:
    """Cancel the run's jobs that are still queued, and close its journal.

    A job may be queued that the driver does not know: sbatch was accepted, its answer
    lost. All jobs of a run have one name.

    Parameters
    ----------
    journal : Journal
    attempts : int
        How often a queue that does not answer is asked, with pauses of 2 s.
    """
    for _ in range(attempts):
        try:
            job_queue.cancel_jobs(list(job_queue.list_jobs(journal.job_name)))
            break
        except job_queue.QueueError as error:
            journal.note(f"jobs may be left in the queue: {error}")
            time.sleep(2)
    journal.live = []
    if journal.state == "running":
        journal.state = "ended"
    journal.write()
