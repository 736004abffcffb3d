"""What a user asks of a sweep from outside: try again, or do not."""

import contextlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from hifred.errors import unknown_name
from hifred.settings import ByteSize
from hifred.sweep.options import RunOptions
from hifred.sweep.plan.plan import Trial
from hifred.sweep.record.event_log import EventLog
from hifred.sweep.watch.listing import chosen_trials
from hifred.sweep.watch.snapshot import SweepView
from hifred.sweep.watch.states import BAD_STATES, TrialHistory

RETRIABLE = (*BAD_STATES, "cancelled")


def retry(
    root: str | Path,
    *,
    ids: Iterable[str] = (),
    states: Sequence[str] = (),
    where: str | None = None,
    memory: ByteSize | str | None = None,
) -> list[Trial]:
    """Let trials that ended badly be tried again by the next, or present, run.

    Parameters
    ----------
    ids : iterable of str
        Which ones; none = all that fit.
    states : sequence of str
        Of these states; none = every bad state and cancelled.
    memory : ByteSize, str or None
        Memory that they may use from now on, such as ``"16GiB"``.

    Returns
    -------
    list of Trial
        Those that will be tried again.
    """
    for state in states:
        if state not in RETRIABLE:
            raise unknown_name("state to retry", state, RETRIABLE)
    limit = RunOptions().changed({"memory": memory}).memory
    view = SweepView(root)
    trials = chosen_trials(view, ids=ids, states=states or RETRIABLE, where=where)
    facts = {} if limit is None else {"memory_bytes": int(limit)}
    _tell(view, "retry", trials, **facts)
    return trials


def cancel(
    root: str | Path, *, ids: Iterable[str] = (), where: str | None = None
) -> list[Trial]:
    """Take trials that are not done out of the sweep; running ones save and stop.

    Returns
    -------
    list of Trial
        Those that were cancelled.
    """
    view = SweepView(root)
    open_states = ("pending", "submitted", "running")
    trials = chosen_trials(view, ids=ids, states=open_states, where=where)
    _tell(view, "cancelled", trials, reason="hifred cancel")
    view.refresh()
    at_work = ("submitted", "started", "progress")
    for trial in trials:
        if view.histories[trial.id].stage in at_work:
            with contextlib.suppress(OSError):
                view.directory.stop_marker(trial.id).touch()
    return trials


def _tell(
    view: SweepView, event: str, trials: Sequence[Trial], **facts: object
) -> None:
    if not trials:
        return
    log = EventLog(view.directory.events)
    for trial in trials:
        history = view.histories.get(trial.id, TrialHistory())
        number, command = history.attempt, history.command + 1
        log.write(event, id=trial.id, n=number, command=command, **facts)
    log.close()
