"""Why an attempt ended that could not say so itself."""

from dataclasses import dataclass
from typing import final

from hifred.sweep.executors.executor import WorkerLostError
from hifred.sweep.record.events import Ended, Progress, TrialOutcome


@final
@dataclass(frozen=True)
class Cause:
    """How an attempt counts, and what is told of it."""

    outcome: TrialOutcome
    message: str
    traceback: str = ""

    def ending(self, trial_id: str, attempt: int, *, advanced: bool = False) -> Ended:
        """Return the event that tells it."""
        return Ended(
            trial_id=trial_id, attempt=attempt, outcome=self.outcome,
            message=self.message, traceback=self.traceback, advanced=advanced,
        )  # fmt: skip


def cause_of_interruption(crash: tuple[str, str] | None) -> Cause:
    """Return why an attempt ended whose driver is gone.

    Parameters
    ----------
    crash : (str, str) or None
        What its process wrote when it crashed, if it did: the cause and the traceback.
    """
    if crash is None:
        return Cause(TrialOutcome.STOPPED, "its driver ended")
    return Cause(TrialOutcome.LOST, f"its process died: {crash[0]}", crash[1])


def cause_of_loss(
    error: WorkerLostError,
    progress: Progress | None,
    crash: tuple[str, str] | None,
    limit_seconds: float,
) -> Cause:
    """Return why an attempt ended whose worker is gone.

    Parameters
    ----------
    error : WorkerLostError
        What the executor knows.
    progress : Progress or None
        The last that it told.
    crash : (str, str) or None
        As in `cause_of_interruption`.
    limit_seconds : float, s
        After how long without a step a process ends itself.
    """
    if crash is not None and crash[0].startswith("Timeout"):
        text = f"hung: no step ended within {limit_seconds:g} s; its process was ended"
        return Cause(TrialOutcome.TIMEOUT, text, crash[1])
    if crash is not None:
        return Cause(TrialOutcome.LOST, f"its process died: {crash[0]}", crash[1])
    if error.outcome is not TrialOutcome.LOST:
        return Cause(error.outcome, str(error))
    used = None if progress is None else progress.rss_mib
    seen = "" if used is None else f"; it last used {used} MiB"
    reason = f"its process was killed from outside, or for its memory{seen}"
    return Cause(TrialOutcome.LOST, f"{reason} ({error})")
