"""The driver: hands out trials, reads receipts, counts what went wrong."""

import contextlib
import logging
import math
import queue
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import final

from hifred.settings import ByteSize
from hifred.store.durable import touch_here
from hifred.sweep.driver.causes_of_loss import (
    Cause,
    cause_of_interruption,
    cause_of_loss,
)
from hifred.sweep.driver.trial_queue import TrialQueue
from hifred.sweep.executors.executor import Executor, TaskFuture, WorkerLostError
from hifred.sweep.kernels.kernel import Kernel
from hifred.sweep.plan.options import RunOptions
from hifred.sweep.plan.plan import Trial
from hifred.sweep.record.event_log import process_log
from hifred.sweep.record.events import (
    Ended,
    Finished,
    Submitted,
    TrialEvent,
    TrialOutcome,
)
from hifred.sweep.watch.snapshot import Snapshot, SweepView, states_of, summarise
from hifred.sweep.watch.states import Stage, TrialHistory, TrialState, fold_event
from hifred.sweep.worker.guard import crash_cause
from hifred.sweep.worker.run_trial import run_trial
from hifred.sweep.worker.task import Receipt, Task

logger = logging.getLogger(__name__)
POLL_SECONDS = 0.25
READ_EVENTS_SECONDS = 2.0
# An event line may be visible late on a network file system.
LATE_EVENTS_SECONDS = 1.0
MAX_INNOCENT = 20
# Work that waits beside a worker: enough that short trials are handed out and answered
# many at a time, little enough that a stop has little to take back.
AHEAD_SECONDS = 0.5
MOST_AHEAD = 32


@final
@dataclass
class InFlight:
    """A trial that was handed out."""

    trial: Trial
    attempt: int


@final
class Driver:
    """Runs the open trials of one sweep.

    Parameters
    ----------
    view : SweepView
        The sweep directory.
    declared : set of str
        Ids of the trials to run.
    kernel : Kernel
        What to run.
    executor : Executor
        Entered already.
    options : RunOptions
        Limits and budgets.
    on_change : callable or None
        Called with a fresh snapshot a few times a second.
    """

    def __init__(
        self,
        view: SweepView,
        declared: set[str],
        *,
        kernel: Kernel,
        executor: Executor,
        options: RunOptions,
        on_change: Callable[[Snapshot], None] | None = None,
    ) -> None:
        self.view, self.kernel, self.executor = view, kernel, executor
        self.options, self.on_change = options, on_change
        self.histories = view.histories
        self.log = process_log(view.directory.events)
        self.published = view.directory.published()
        self.queue = TrialQueue(self.published)
        self.in_flight: dict[str, InFlight] = {}
        self.trials = [trial for trial in view.plan.trials if trial.id in declared]
        self.n_run = 0
        self.stop_message: str | None = None
        self._recalled = False
        self._answers: queue.SimpleQueue[tuple[str, TaskFuture[Receipt]]]
        self._answers = queue.SimpleQueue()
        self._read_at = self._shown_at = time.monotonic()
        self._innocent: dict[str, int] = {}
        self._obeyed = {t: history.command for t, history in self.histories.items()}
        self._best_costs: dict[str, float] = {}
        self._mean_seconds = float("inf")  # of the last trials that ended well

    def has_work(self) -> bool:
        """Say whether anything is left to hand out."""
        if not len(self.queue):
            self._fill_queue()
        return len(self.queue) > 0

    def run(self) -> None:
        """Run until nothing is left to hand out, or a stop is asked for."""
        self.has_work()
        while self.in_flight or (len(self.queue) and self.stop_message is None):
            self._hand_out()
            self._take_answers()
            self._look_around()
        self._show(force=True)

    def stop(self, message: str) -> None:
        """Hand out nothing more; running trials save and stop."""
        if self.stop_message is None:
            self.stop_message = message
            self._ask_workers_to_stop()

    def _ask_workers_to_stop(self) -> None:
        for trial_id in list(self.in_flight):
            with contextlib.suppress(OSError):
                touch_here(self.view.directory.stop_marker(trial_id))

    def _history(self, trial: Trial) -> TrialHistory:
        return self.histories.setdefault(trial.id, TrialHistory())

    def _fill_queue(self) -> None:
        states = self._states()
        late: list[Trial] = []
        for trial in self.trials:
            if states[trial.id] is not TrialState.PENDING:
                continue
            interrupted = self._close_interrupted(trial)
            if self._history(trial).is_suspect():
                self.queue.add([trial], suspect=True)
            elif interrupted and not self.executor.isolated:
                late.append(trial)  # it may be what ended the process that ran it
            elif self._history(trial).may_try_again(self.options.retries):
                self.queue.add([trial])
        self.queue.add(late)

    def _close_interrupted(self, trial: Trial) -> bool:
        """End an attempt whose driver died; say whether it had begun to run."""
        history = self._history(trial)
        if not history.is_at_work:
            return False
        begun = history.stage is not Stage.SUBMITTED
        cause = cause_of_interruption(self._crash_of(history) if begun else None)
        self._note(cause.ending(trial.id, history.attempt))
        return begun

    def _crash_of(self, history: TrialHistory) -> tuple[str, str] | None:
        writer = "" if history.place is None else history.place.writer
        return crash_cause(self.view.directory.events / f"{writer}.crash")

    def _states(self) -> dict[str, TrialState]:
        return states_of(
            self.trials, self.histories, self.options,
            published=self.published, driven=bool(self.in_flight),
        )  # fmt: skip

    def _hand_out(self) -> None:
        tasks = []
        room = self._room()
        while self.stop_message is None:
            trial = self.queue.next(len(self.in_flight), room)
            if trial is None:
                break
            tasks.append(self._noted(trial))
        if not tasks:
            return
        futures = self.executor.submit(run_trial, [(t, self.kernel) for t in tasks])
        for task, future in zip(tasks, futures, strict=True):
            self._await_answer(task.trial.id, future)

    def _room(self) -> int:
        """Return how many trials may be handed out at a time."""
        if not self.executor.isolated:
            return 1
        ahead = min(AHEAD_SECONDS / max(self._mean_seconds, 1e-3), MOST_AHEAD)
        # One more: Dask queues from three a worker on, and binds fewer to busy ones.
        return self.executor.capacity * (1 + max(1, int(ahead))) + 1

    def _noted(self, trial: Trial) -> Task:
        attempt = self._history(trial).attempt + 1
        self._note(Submitted(trial_id=trial.id, attempt=attempt))
        self.in_flight[trial.id] = InFlight(trial, attempt)
        self.n_run += 1
        return self._task(trial, attempt)

    def _await_answer(self, trial_id: str, future: TaskFuture[Receipt]) -> None:
        future.add_done_callback(lambda done: self._answers.put((trial_id, done)))

    def _task(self, trial: Trial, attempt: int) -> Task:
        options, head = self.options, self.view.plan.head
        return Task(
            root=str(self.view.directory.root.resolve()),
            trial=trial,
            attempt=attempt,
            digest=head.inputs[trial.model].digest,
            planned_tag=head.kernel,
            threads=options.threads,
            checkpoint_every=options.checkpoint_every,
            progress_every=options.progress_every,
            trial_timeout=options.trial_timeout,
            hang_grace=options.hang_grace,
            memory=self._memory(trial),
            best_cost=self._best_costs.get(self._objective(trial) or ""),
            isolated=self.executor.isolated,
        )

    def _memory(self, trial: Trial) -> ByteSize | None:
        history = self._history(trial)
        limit = history.memory or self.options.memory
        grown = 2 ** history.counted()[TrialOutcome.OOM]
        return None if limit is None else ByteSize(limit * grown)

    def _objective(self, trial: Trial) -> str | None:
        if not self.options.early_stop:
            return None
        text = self.kernel.objective(trial.settings)
        return None if text is None else f"{trial.model} {trial.seed} {text}"

    def _note(self, event: TrialEvent) -> None:
        self.log.write(event)
        fold_event(self.histories, replace(event, writer=self.log.name))

    def _take_answers(self) -> None:
        found = []
        with contextlib.suppress(queue.Empty):
            found.append(self._answers.get(timeout=POLL_SECONDS))
            while True:
                found.append(self._answers.get_nowait())
        self.executor.fetch([future for _, future in found])
        for trial_id, future in found:
            self._answered(trial_id, future)

    def _answered(self, trial_id: str, future: TaskFuture[Receipt]) -> None:
        flight = self.in_flight.pop(trial_id)
        try:
            receipt = future.result()
        except WorkerLostError as error:
            self._on_lost(flight, error)
        except Exception as error:
            # Not the trial's own exception, which comes in a receipt.
            logger.exception("trial %s could not be run", trial_id)
            message = f"{type(error).__name__}: {error}"
            self._end(flight, Cause(TrialOutcome.FAILED, message))
        else:
            self._on_receipt(flight, receipt)

    def _on_receipt(self, flight: InFlight, receipt: Receipt) -> None:
        trial, attempt = flight.trial, receipt.attempt
        if receipt.outcome is TrialOutcome.DONE:
            seconds = receipt.seconds
            event = Finished(trial_id=trial.id, attempt=attempt, seconds=seconds)
            fold_event(self.histories, event)
            self._take_time(seconds)
            self._on_done(trial, receipt.cost)
            return
        last = self._history(trial).last
        if last is None or last.attempt != attempt:
            # Its own line is not yet read.
            fold_event(self.histories, Ended(
                trial_id=trial.id, attempt=attempt, outcome=receipt.outcome,
                message=receipt.message, advanced=receipt.advanced,
            ))  # fmt: skip
        self._decide(trial, receipt.outcome, receipt.message)

    def _take_time(self, seconds: float) -> None:
        known = math.isfinite(self._mean_seconds)
        before = self._mean_seconds if known else seconds
        self._mean_seconds = 0.9 * before + 0.1 * seconds

    def _on_done(self, trial: Trial, cost: float | None) -> None:
        self.published.add(trial.id)
        self.queue.on_published(trial.id)
        objective = self._objective(trial)
        if objective is not None and cost is not None:
            best = self._best_costs.get(objective, cost)
            self._best_costs[objective] = min(best, cost)

    def _on_lost(self, flight: InFlight, error: WorkerLostError) -> None:
        trial, directory = flight.trial, self.view.directory
        if error.outcome is TrialOutcome.RECALLED:
            self.queue.add([trial])
            return
        self._read_events_of(flight)
        history = self._history(trial)
        if directory.trial(trial.id).exists():
            self._on_done(trial, None)
        elif history.stage is Stage.ENDED:
            self._decide(trial, history.outcome, history.message)
        elif history.stage is Stage.SUBMITTED and self._is_innocent(trial):
            self.queue.add([trial])
        else:
            self._lost(flight, error)

    def _read_events_of(self, flight: InFlight) -> None:
        """Read the logs until the attempt shows, or is late."""
        until = time.monotonic() + LATE_EVENTS_SECONDS
        while True:
            self.view.refresh()
            seen = self._history(flight.trial).stage is not Stage.SUBMITTED
            if seen or time.monotonic() > until:
                return
            time.sleep(0.1)

    def _is_innocent(self, trial: Trial) -> bool:
        """Say whether it had not begun when its worker died, and count that."""
        self._innocent[trial.id] = self._innocent.get(trial.id, 0) + 1
        return self._innocent[trial.id] <= MAX_INNOCENT

    def _lost(self, flight: InFlight, error: WorkerLostError) -> None:
        history = self._history(flight.trial)
        crash = self._crash_of(history)
        limit = (self.options.trial_timeout or 0) + self.options.hang_grace
        self._end(flight, cause_of_loss(error, history.progress, crash, limit))

    def _end(self, flight: InFlight, cause: Cause) -> None:
        trial, told = flight.trial, self._history(flight.trial).progress
        of_this = told is not None and told.attempt == flight.attempt
        saved = 0 if told is None else told.checkpoint
        logger.info("trial %s: %s", trial.id, cause.message)
        ended = cause.ending(trial.id, flight.attempt, advanced=of_this and saved > 0)
        self._note(ended)
        self._decide(trial, cause.outcome, cause.message)

    def _decide(self, trial: Trial, outcome: TrialOutcome | None, message: str) -> None:
        if outcome is TrialOutcome.STORAGE:
            self.stop(message)
            return
        if outcome is TrialOutcome.STOPPED:
            self.view.refresh()  # it may have been cancelled a moment ago
        history = self._history(trial)
        if history.cancelled or (outcome is TrialOutcome.STOPPED and self.stop_message):
            return
        if history.may_try_again(self.options.retries):
            self.queue.add([trial], suspect=history.is_suspect())

    def _look_around(self) -> None:
        now = time.monotonic()
        if now - self._read_at >= READ_EVENTS_SECONDS:
            self._read_at = now
            self.view.refresh()
            self._obey_commands()
        if self.executor.trouble is not None:
            self.stop(self.executor.trouble)
        if self.stop_message is not None and not self._recalled:
            self._recalled = True
            self.executor.recall()
        self._show()

    def _obey_commands(self) -> None:
        """Drop what was cancelled, queue again what is to be tried again."""
        cancelled = {t for t, h in self.histories.items() if h.cancelled}
        if cancelled:
            self.queue.drop(cancelled)
        for trial in self.trials:
            history = self.histories.get(trial.id)
            if history is None or history.command <= self._obeyed.get(trial.id, 0):
                continue
            self._obeyed[trial.id] = history.command
            idle = trial.id not in self.in_flight and trial.id not in self.published
            if idle and not history.cancelled:
                self.queue.drop({trial.id})
                self.queue.add([trial])

    def _show(self, *, force: bool = False) -> None:
        now = time.monotonic()
        if self.on_change is None or (not force and now - self._shown_at < 0.5):
            return
        self._shown_at = now
        self.on_change(self.snapshot())

    def snapshot(self) -> Snapshot:
        """Return the progress as the driver knows it."""
        return summarise(
            self.view.plan, self._states(), self.histories,
            driver=f"process {self.log.pid} on {self.log.host}",
            damaged_events=self.view.reader.n_damaged,
        )  # fmt: skip
