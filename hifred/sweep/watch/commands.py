"""What a user asks of a sweep from outside: try again, or do not."""

import contextlib
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from hifred.errors import unknown_name
from hifred.settings import ByteSize
from hifred.store.durable import touch_here
from hifred.sweep.plan.options import RunOptions
from hifred.sweep.plan.plan import Trial
from hifred.sweep.record.event_log import EventLog
from hifred.sweep.record.events import Cancelled, Command, Retried
from hifred.sweep.watch.listing import chosen_trials
from hifred.sweep.watch.snapshot import SweepView
from hifred.sweep.watch.states import BAD_STATES, OPEN_STATES, TrialHistory, TrialState

RETRIABLE = tuple(state.value for state in (*BAD_STATES, TrialState.CANCELLED))


def retry(
    root: str | Path,
    *,
    ids: Iterable[str] = (),
    states: Sequence[str] = (),
    where: str | None = None,
    memory: ByteSize | str | None = None,
    memory_mib: float | None = None,
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
    memory_mib : float or None
        Old name of `memory`, in MiB.

    Returns
    -------
    list of Trial
        Those that will be tried again.
    """
    if memory_mib is not None:
        memory = _told_of_old_name(memory_mib)
    for state in states:
        if state not in RETRIABLE:
            raise unknown_name("state to retry", state, RETRIABLE)
    limit = RunOptions().changed({"memory": memory}).memory
    view = SweepView(root)
    trials = chosen_trials(view, ids=ids, states=states or RETRIABLE, where=where)
    size = None if limit is None else int(limit)
    _write(view, [Retried(**_next(view, t), memory_bytes=size) for t in trials])
    return trials


def _told_of_old_name(memory_mib: float) -> ByteSize:
    size = ByteSize.of_mib(memory_mib)
    told = f"memory_mib is an old name: write memory = '{size}'."
    warnings.warn(told, FutureWarning, stacklevel=3)
    return size


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
    trials = chosen_trials(view, ids=ids, states=OPEN_STATES, where=where)
    _write(view, [Cancelled(**_next(view, t), reason="hifred cancel") for t in trials])
    view.refresh()
    for trial in trials:
        if view.histories[trial.id].is_at_work:
            with contextlib.suppress(OSError):
                touch_here(view.directory.stop_marker(trial.id))
    return trials


def _next(view: SweepView, trial: Trial) -> dict[str, Any]:
    """Return what the next command about a trial tells beside its own."""
    history = view.histories.get(trial.id, TrialHistory())
    number, command = history.attempt, history.command + 1
    return {"trial_id": trial.id, "attempt": number, "command": command}


def _write(view: SweepView, events: Sequence[Command]) -> None:
    if not events:
        return
    log = EventLog(view.directory.events)
    for event in events:
        log.write(event)
    log.close()
