"""One attempt at one trial in this process, whatever becomes of it."""

import contextlib
import traceback
from collections.abc import Iterator
from pathlib import Path

from hifred.settings import ByteSize
from hifred.store.provenance import JOB_VARIABLES, machine_facts
from hifred.sweep.kernels.kernel import Kernel
from hifred.sweep.record.event_log import EventLog, process_log
from hifred.sweep.record.events import Started, TrialOutcome
from hifred.sweep.record.layout import SweepDirectory
from hifred.sweep.worker.freed_memory import return_freed_memory
from hifred.sweep.worker.guard import memory_guard, record_crashes, time_guard
from hifred.sweep.worker.task import Receipt, Task
from hifred.sweep.worker.trial_work import TrialStopped, TrialWork, sentence_of
from hifred.threads import use_threads


def run_trial(task: Task, kernel: Kernel) -> Receipt:
    """Compute and publish one trial, unless it has been published already."""
    directory = SweepDirectory(Path(task.root))
    trial = task.trial
    if directory.trial(trial.id).exists():
        return Receipt(trial.id, task.attempt, TrialOutcome.DONE)
    try:
        return _attempted(task, kernel, directory)
    finally:
        return_freed_memory()


def _attempted(task: Task, kernel: Kernel, directory: SweepDirectory) -> Receipt:
    log = process_log(directory.events)
    log.write(_started(task, log))
    work = TrialWork(task, kernel, directory, log)
    with _guarded(task, log, work), use_threads(task.threads):
        try:
            return work.run()
        except TrialStopped as stop:
            return work.ended(stop.outcome, str(stop))
        except MemoryError:
            return work.ended(TrialOutcome.OOM, "out of memory", traceback.format_exc())
        except (KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException as error:
            return work.ended(
                TrialOutcome.FAILED, sentence_of(error), traceback.format_exc()
            )


def _started(task: Task, log: EventLog) -> Started:
    job = machine_facts()["job"]
    return Started(
        trial_id=task.trial.id,
        attempt=task.attempt,
        host=job.get("SLURMD_NODENAME", log.host),
        pid=log.pid,
        job=job.get(JOB_VARIABLES[0]),
    )


@contextlib.contextmanager
def _guarded(task: Task, log: EventLog, work: "TrialWork") -> Iterator[None]:
    crash_file = record_crashes(log.crash_path)
    if not task.isolated:
        yield
        return
    limit = task.trial_timeout
    seconds = None if limit is None else limit + task.hang_grace

    def on_excess(found: ByteSize) -> None:
        allowed = 0.0 if task.memory is None else task.memory.mib
        message = f"used {found.mib:.0f} MiB of {allowed:.0f} MiB allowed"
        work.ended(TrialOutcome.OOM, message)

    with time_guard(seconds, crash_file), memory_guard(task.memory, on_excess):
        yield
