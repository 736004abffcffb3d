"""Everything that is known of one trial, and whether it can be computed again."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
import xarray as xr

from hifred.errors import HifredError
from hifred.store.trial_file import (
    open_trial,
    read_trial_attributes,
    scalar_measures,
)
from hifred.sweep.kernels.default_kernel import default_kernel
from hifred.sweep.kernels.kernel import Kernel
from hifred.sweep.plan.plan import Trial
from hifred.sweep.record.event_log import EventReader
from hifred.sweep.record.events import TrialEvent, event_record
from hifred.sweep.watch.listing import full_id
from hifred.sweep.watch.snapshot import SweepView
from hifred.sweep.watch.states import TrialState
from hifred.threads import use_threads


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


@final
@dataclass(frozen=True)
class Reproduction:
    """A trial computed again, beside what was published.

    Parameters
    ----------
    identical : bool
        Whether every array is the same, bit for bit.
    largest_difference : mapping
        Array to its largest difference, in units of its largest value.
    """

    id: str
    identical: bool
    largest_difference: dict[str, float]


def reproduce(
    root: str | Path, name: str, kernel: Kernel | None = None
) -> Reproduction:
    """Compute a finished trial again, without publishing, and compare.

    Raises
    ------
    HifredError
        If the trial is not done.
    """
    kernel = kernel or default_kernel()
    view = SweepView(root)
    trial = trial_named(view, name)
    path = view.directory.trial(trial.id)
    if not path.exists():
        raise HifredError(f"trial {trial.id} must be done to be reproduced; it is not.")
    threads = int(read_trial_attributes(path)["record"]["provenance"]["threads"])
    with use_threads(threads):
        again = _compute(view, trial, kernel)
    with open_trial(path) as published:
        differences = {
            str(key): _difference(published[key], again[key])
            for key in published.data_vars
            if key in again and published[key].dtype.kind in "fiub"
        }
    identical = all(difference == 0.0 for difference in differences.values())
    return Reproduction(trial.id, identical, differences)


def _compute(view: SweepView, trial: Trial, kernel: Kernel) -> xr.Dataset:
    path = view.directory.input(trial.model)
    if trial.after is None:
        attempt = kernel.begin(path, trial.whole, None)
    else:
        with open_trial(view.directory.trial(trial.after)) as before:
            attempt = kernel.begin(path, trial.whole, None, before.load())
    while not attempt.step().done:
        pass
    return attempt.result()


def _difference(one: xr.DataArray, other: xr.DataArray) -> float:
    if one.shape != other.shape:
        return float("inf")
    first, second = one.values, np.asarray(other.values, dtype=one.dtype)
    if np.array_equal(first, second, equal_nan=first.dtype.kind == "f"):
        return 0.0
    scale = float(np.nanmax(np.abs(first))) or 1.0
    return float(np.nanmax(np.abs(first - second))) / scale
