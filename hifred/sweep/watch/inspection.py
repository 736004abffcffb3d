"""Everything that is known of one trial."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from hifred.store.trial_file import read_trial_attributes, scalar_measures
from hifred.sweep.plan.plan import Trial
from hifred.sweep.record.event_log import EventReader
from hifred.sweep.record.events import TrialEvent, event_record
from hifred.sweep.watch.listing import full_id
from hifred.sweep.watch.snapshot import SweepView
from hifred.sweep.watch.states import TrialState


@final
@dataclass(frozen=True)
class Inspection:
    """One trial, as `hifred show` prints it."""

    id: str
    state: str
    model: str
    seed: int
    settings: dict[str, object]
    attempts: int
    message: str
    traceback: str
    measures: dict[str, float]
    record: dict[str, object]


def inspect_trial(root: str | Path, name: str) -> Inspection:
    """Return what is known of the trial whose id starts with `name`.

    Raises
    ------
    HifredError
        If there is no such trial, or its file is damaged.
    """
    view = SweepView(root)
    trial = trial_named(view, name)
    state = view.states()[trial.id]
    history = view.histories.get(trial.id)
    last = None if history is None or state is TrialState.DONE else history.last
    attributes: dict[str, Any] = {}
    if state is TrialState.DONE:
        attributes = read_trial_attributes(view.directory.trial(trial.id))
    return Inspection(
        id=trial.id,
        state=state,
        model=trial.model,
        seed=trial.seed,
        settings=dict(trial.settings),
        attempts=0 if history is None else history.attempt,
        message=last.message if last else str(attributes.get("message", "")),
        traceback=last.traceback if last else "",
        measures=scalar_measures(attributes),
        record=attributes.get("record", {}),
    )


def trial_named(view: SweepView, name: str) -> Trial:
    """Return the trial whose id starts with `name`."""
    wanted = full_id(view, name)
    return next(trial for trial in view.plan.trials if trial.id == wanted)


def trial_log(root: str | Path, name: str) -> list[dict[str, object]]:
    """Return what the logs tell of one trial, by attempt and time."""
    view = SweepView(root)
    wanted = full_id(view, name)
    reader = EventReader(view.directory.events)
    told = (e for e in reader.new_events() if isinstance(e, TrialEvent))
    own = [event for event in told if event.trial_id == wanted]
    own.sort(key=lambda event: (event.attempt, event.time))
    return [event_record(event) | {"writer": event.writer} for event in own]
