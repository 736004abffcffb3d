"""The course of one attempt at one trial: compute, save, publish, answer."""

import contextlib
import errno
import functools
import logging
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, final

import xarray as xr

from hifred.errors import HifredError, SchemaError
from hifred.store.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from hifred.store.provenance import machine_facts, max_rss_mib
from hifred.store.trial_file import open_trial, publish_trial, verify_trial
from hifred.sweep.kernels.kernel import Attempt, Kernel, TrialStep
from hifred.sweep.plan.inputs import found_digest
from hifred.sweep.record.event_log import EventLog
from hifred.sweep.record.events import (
    CheckpointDiscarded,
    CheckpointFailed,
    Ended,
    Finished,
    Measured,
    Progress,
    TrialEvent,
    TrialOutcome,
)
from hifred.sweep.record.layout import SweepDirectory
from hifred.sweep.trial_lines import TrialLines
from hifred.sweep.worker.deadline import stop_reason
from hifred.sweep.worker.task import Receipt, Task

LOGGER = logging.getLogger(__name__)
# Of a fusion.
BAD_OUTCOMES = ("diverged", "not_finite")
STORAGE_ERRNOS = (
    errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.ESTALE,
    errno.EACCES, errno.EPERM, errno.EFBIG, errno.ELOOP, errno.ENOTDIR,
)  # fmt: skip
PUBLISH_DELAYS = (0.5, 2.0)


class TrialStopped(Exception):  # noqa: N818 - an expected end, not an error
    """A trial ended without a result, for a reason that is not its own fault."""

    def __init__(self, outcome: TrialOutcome, message: str) -> None:
        super().__init__(message)
        self.outcome = outcome


def sentence_of(error: BaseException) -> str:
    """Return what to tell of an exception."""
    if isinstance(error, HifredError):
        return str(error)
    return f"{type(error).__name__}: {error}"


@functools.cache
def _checked_inputs() -> set[tuple[Path, str]]:
    """Return the inputs that this process has compared with their digests."""
    return set()


def _check_input(path: Path, digest: str, kernel: Kernel) -> None:
    """Compare an input with the plan, once in a process."""
    if (path, digest) in _checked_inputs():
        return
    found = found_digest(kernel, path)
    if found != digest:
        # Not the trial's fault, and the same for all that follow: the sweep stops.
        raise TrialStopped(
            TrialOutcome.STORAGE,
            f"input must be the planned one; {path.name} is damaged or altered: "
            f"digest {digest[:12]} -> {found[:12]}. `hifred verify --repair` sets it "
            "aside",
        )
    _checked_inputs().add((path, digest))


def _earlier_result(directory: SweepDirectory, trial_id: str) -> xr.Dataset:
    """Return the result that a trial starts from, every byte of it verified."""
    path = directory.trial(trial_id)
    try:
        verify_trial(path, trial_id)
        with open_trial(path) as result:
            return result.load()
    except (SchemaError, FileNotFoundError) as error:
        raise HifredError(
            f"the trial to start from, {trial_id}, must be whole; {error} `hifred "
            "verify --repair` sets it aside, `hifred retry` lets this one run again."
        ) from error


@final
class TrialWork:
    """The course of one attempt."""

    def __init__(
        self, task: Task, kernel: Kernel, directory: SweepDirectory, log: EventLog
    ) -> None:
        self.task, self.kernel, self.directory, self.log = task, kernel, directory, log
        self.trial = task.trial
        self.started = datetime.now(UTC)
        self._start = self._saved_at = self._told_at = time.monotonic()
        self._earlier_seconds = 0.0
        self._begin_iteration = self._saved_iteration = 0
        self._step = TrialStep(0, float("nan"), done=False)

    @property
    def seconds(self) -> float:
        """Return the work on this trial so far, over all attempts, s."""
        return self._earlier_seconds + time.monotonic() - self._start

    def run(self) -> Receipt:
        """Compute, publish and answer."""
        attempt = self._begin()
        if (reason := self._told_to_stop()) is not None:
            raise TrialStopped(TrialOutcome.STOPPED, reason)
        while not self._step.done:
            self._step = attempt.step()
            if not self._step.done:
                self._between_steps(attempt)
        return self._publish(attempt.result())

    def _begin(self) -> Attempt:
        path = self.directory.input(self.trial.model)
        _check_input(path, self.task.digest, self.kernel)
        checkpoint = self._checkpoint()
        resumed = None if checkpoint is None else self._resumed(path, checkpoint)
        if resumed is not None:
            return resumed
        if self.trial.after is None:
            return self.kernel.begin(path, self.trial.whole, None)
        initial = _earlier_result(self.directory, self.trial.after)
        return self.kernel.begin(path, self.trial.whole, None, initial)

    def _resumed(self, path: Path, checkpoint: Checkpoint) -> Attempt | None:
        """Go on from a checkpoint; None if another version's kernel wrote its state."""
        try:
            attempt = self.kernel.begin(path, self.trial.whole, checkpoint.arrays)
        except (KeyError, ValueError, TypeError, IndexError) as error:
            self._discard_checkpoint(f"its state cannot be read: {sentence_of(error)}")
            return None
        self._earlier_seconds = checkpoint.seconds
        self._begin_iteration = self._saved_iteration = checkpoint.iteration
        self._step = TrialStep(checkpoint.iteration, float("nan"), done=False)
        return attempt

    def _checkpoint(self) -> Checkpoint | None:
        path = self.directory.checkpoint(self.trial.id)
        try:
            return load_checkpoint(path, self.trial.id)
        except FileNotFoundError:
            return None
        except SchemaError as error:
            self._discard_checkpoint(str(error))
            return None

    def _discard_checkpoint(self, message: str) -> None:
        self._tell(CheckpointDiscarded, message=message)
        self._forget(self.directory.checkpoint(self.trial.id))

    def _between_steps(self, attempt: Attempt) -> None:
        now = time.monotonic()
        told = now - self._told_at >= self.task.progress_every
        if told:
            self._told_at = now
            self._tell_measured(Progress, fraction=self._step.fraction)
        reason = stop_reason() or (self._told_to_stop() if told else None)
        if reason is not None:
            self._save(attempt)
            raise TrialStopped(TrialOutcome.STOPPED, reason)
        limit = self.task.trial_timeout
        if limit is not None and now - self._start >= limit:
            self._save(attempt)
            message = f"reached its limit of {limit:g} s"
            raise TrialStopped(TrialOutcome.TIMEOUT, message)
        if self._is_hopeless():
            raise TrialStopped(TrialOutcome.HOPELESS, self._hopeless_sentence())
        if now - self._saved_at >= self.task.checkpoint_every:
            self._save(attempt)

    def _told_to_stop(self) -> str | None:
        path = self.directory.stop_marker(self.trial.id)
        return "told to stop" if path.exists() else None

    def _is_hopeless(self) -> bool:
        best, step = self.task.best_cost, self._step
        late = step.fraction is not None and step.fraction >= 0.5
        # A tenth above the best, half-way through: costs fall fast, then crawl.
        return best is not None and late and step.cost - best > 0.1 * abs(best)

    def _hopeless_sentence(self) -> str:
        return (
            f"stopped early: cost {self._step.cost:.6g} after "
            f"{self._step.iteration} iterations, where another trial with the same "
            f"objective ended at {self.task.best_cost:.6g}"
        )

    def _tell(self, kind: type[TrialEvent], **facts: Any) -> None:
        event = kind(trial_id=self.trial.id, attempt=self.task.attempt, **facts)
        self.log.write(event)

    def _tell_measured(self, kind: type[Measured], **facts: Any) -> None:
        self._tell(
            kind, iteration=self._step.iteration, cost=self._step.cost,
            seconds=round(self.seconds, 3), rss_mib=round(max_rss_mib()),
            checkpoint=self._saved_iteration, **facts,
        )  # fmt: skip

    def _save(self, attempt: Attempt) -> None:
        """Save a checkpoint; without room for it the trial goes on."""
        self._saved_at = time.monotonic()
        checkpoint = Checkpoint(
            self.trial.id, self._step.iteration, self.seconds, attempt.state()
        )
        try:
            save_checkpoint(self.directory.checkpoint(self.trial.id), checkpoint)
            self._saved_iteration = self._step.iteration
        except OSError as error:
            self._tell(CheckpointFailed, message=str(error))
        self._saved_at = time.monotonic()

    def ended(
        self, outcome: TrialOutcome, message: str, traceback: str = ""
    ) -> Receipt:
        """Log an end without a result, and answer."""
        self._forget(self.directory.stop_marker(self.trial.id))
        advanced = self._saved_iteration > self._begin_iteration
        self._tell_measured(
            Ended, outcome=outcome, message=message, traceback=traceback,
            advanced=advanced,
        )  # fmt: skip
        return Receipt(
            self.trial.id, self.task.attempt, outcome, self.seconds, advanced,
            message[:200],
        )  # fmt: skip

    def _publish(self, result: xr.Dataset) -> Receipt:
        outcome = str(result.attrs.get("outcome", "")).lower()
        if outcome in BAD_OUTCOMES:
            message = str(result.attrs.get("message", outcome))
            self._forget(self.directory.checkpoint(self.trial.id))
            raise TrialStopped(TrialOutcome.DIVERGED, message)
        timed = result.assign_attrs(solve_seconds=self.seconds)
        first = self._publish_with_patience(timed)
        self._tell_measured(Finished, discarded=not first)
        self._forget(self.directory.checkpoint(self.trial.id))
        self._map_lines(timed)
        return Receipt(
            self.trial.id, self.task.attempt, TrialOutcome.DONE, self.seconds,
            cost=self._step.cost,
        )  # fmt: skip

    def _map_lines(self, result: xr.Dataset) -> None:
        """Map the lines that the sweep asks for; the trial is done without, too.

        What cannot be mapped is told when results are collected, which tries again.
        """
        record = {"trial_id": self.trial.id, "model": self.trial.model}
        try:
            lines = TrialLines.of(self.directory)
            if lines is not None:
                lines.publish(record, result)
        except (HifredError, OSError) as error:
            LOGGER.warning("no line maps of %s: %s", self.trial.id, sentence_of(error))

    def _forget(self, path: Path) -> None:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)

    def _publish_with_patience(self, result: xr.Dataset) -> bool:
        path = self.directory.trial(self.trial.id)
        record = self._record()
        for delay in (*PUBLISH_DELAYS, None):
            try:
                path.parent.mkdir(exist_ok=True)
                return publish_trial(path, result, record)
            except OSError as error:
                if error.errno not in STORAGE_ERRNOS:
                    raise
                if delay is None:
                    message = f"cannot write {path.parent}: {error.strerror}"
                    raise TrialStopped(TrialOutcome.STORAGE, message) from error
                time.sleep(delay)
        raise AssertionError("the last delay raises")

    def _record(self) -> Mapping[str, object]:
        trial = self.trial
        return {
            "trial_id": trial.id,
            "model": trial.model,
            "settings": dict(trial.settings),
            "seed": trial.seed,
            "after": trial.after,
            "input_digest": self.task.digest,
            "kernel": self.kernel.tag,
            "planned_kernel": self.task.planned_tag,
            "attempt": self.task.attempt,
            "seconds": round(self.seconds, 3),
            "iterations": self._step.iteration,
            "provenance": {
                **machine_facts(),
                "threads": self.task.threads,
                "max_rss_mib": round(max_rss_mib()),
                "started": self.started.isoformat(timespec="seconds"),
                "finished": datetime.now(UTC).isoformat(timespec="seconds"),
            },
        }
