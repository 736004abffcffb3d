"""Collect the finished trials of a sweep for comparison."""

import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import final

from hifred.errors import SchemaError, SettingsError
from hifred.store.collected import Selection, known_records, write_generation
from hifred.store.cube_shards import UnusableTrialError
from hifred.store.ranking import ranked_trials
from hifred.store.result_table import result_table
from hifred.store.trial_file import read_trial_attributes
from hifred.store.trial_row import TrialRow
from hifred.store.trial_table import TrialTable
from hifred.sweep.plan.plan import Head, Trial
from hifred.sweep.watch.snapshot import SweepView
from hifred.sweep.watch.states import BAD_STATES, TrialState

# Below this, `auto` collects every cube.
AUTO_BYTES = 2 * 2**30
AUTO_TOP = 20
READERS = 8


@final
@dataclass(frozen=True)
class CollectReport:
    """What a call of `collect` found.

    Parameters
    ----------
    path : path
        The collected store.
    is_new : bool
        False when nothing had changed.
    n_done, n_trials, n_cubes : int
        Finished trials, all trials, cubes that are included.
    damaged : mapping
        Id to what is wrong with its file.
    """

    path: Path
    is_new: bool
    n_done: int
    n_trials: int
    n_cubes: int
    damaged: Mapping[str, str]


def collect(
    root: str | Path, *, cubes: str | None = None, by: str | None = None
) -> CollectReport:
    """Collect what is finished in sweep directory `root`; cheap when little is new.

    Parameters
    ----------
    cubes : str or None
        ``all``, ``none``, ``top=N``, or ``auto``: all while they are small, else the
        best 20. None = what the sweep declares.
    by : str or None
        Measure that ranks the trials, for ``top``.

    Raises
    ------
    HifredError
        If there is no sweep, the measure is unknown or nothing can be written.
    """
    view = SweepView(root)
    states = view.states()
    attributes, damaged = _attributes_of(view, states)
    while True:
        rows = _rows(view, states, attributes, damaged)
        selection = select_cubes(cubes or view.options.cubes, by, rows)
        try:
            path, is_new = write_generation(
                view.directory.root, rows, selection, _about(view.plan.head)
            )
        except UnusableTrialError as error:
            # The others are collected without it.
            damaged[error.trial_id] = str(error)
            del attributes[error.trial_id]
            continue
        return CollectReport(
            path, is_new, len(attributes), len(rows), len(selection.trial_ids), damaged
        )


def finished_table(view: SweepView) -> TrialTable:
    """Return the table that `collect` would write now; nothing is written."""
    states = view.states()
    return TrialTable.of(
        result_table(_rows(view, states, *_attributes_of(view, states)))
    )


def _about(head: Head) -> dict[str, object]:
    return {
        "name": head.name,
        "kernel": head.kernel,
        "inputs": {name: known.digest for name, known in head.inputs.items()},
        "code_changes": [asdict(change) for change in head.code_changes],
    }


def _attributes_of(
    view: SweepView, states: Mapping[str, TrialState]
) -> tuple[dict[str, Mapping[str, object]], dict[str, str]]:
    done = [t.id for t in view.plan.trials if states[t.id] is TrialState.DONE]
    known = known_records(view.directory.results)
    found = {trial_id: known[trial_id] for trial_id in done if trial_id in known}
    damaged: dict[str, str] = {}
    missing = [trial_id for trial_id in done if trial_id not in found]

    def read(trial_id: str) -> Mapping[str, object] | SchemaError:
        try:
            return read_trial_attributes(view.directory.trial(trial_id))
        except SchemaError as error:
            return error

    with ThreadPoolExecutor(READERS) as readers:
        for trial_id, answer in zip(missing, readers.map(read, missing), strict=True):
            if isinstance(answer, SchemaError):
                damaged[trial_id] = str(answer)
            else:
                found[trial_id] = answer
    return found, damaged


def _rows(
    view: SweepView,
    states: Mapping[str, TrialState],
    attributes: Mapping[str, Mapping[str, object]],
    damaged: Mapping[str, str],
) -> list[TrialRow]:
    return [
        _row(trial, states[trial.id], view, attributes.get(trial.id), damaged)
        for trial in view.plan.trials
    ]


def _row(
    trial: Trial,
    state: str,
    view: SweepView,
    attributes: Mapping[str, object] | None,
    damaged: Mapping[str, str],
) -> TrialRow:
    message = damaged.get(trial.id, "")
    history = view.histories.get(trial.id)
    if state in BAD_STATES and history is not None:
        message = history.message
    status = "damaged" if trial.id in damaged else state
    if status in ("submitted", "running"):
        status = "pending"  # what is collected must not change with the moment
    return TrialRow(
        trial.id, trial.model, trial.settings, trial.seed, status, message, attributes
    )


def select_cubes(text: str, by: str | None, rows: Sequence[TrialRow]) -> Selection:
    """Return which cubes `text` means: ``all``, ``none``, ``top=N`` or ``auto``."""
    done = [row for row in rows if row.attributes is not None and row.grid[0]]
    if text == "auto":
        small = sum(_cube_bytes(row) for row in done) <= AUTO_BYTES
        text = "all" if small else f"top={AUTO_TOP}"
    if text == "all":
        return Selection("all", 0, frozenset(row.trial_id for row in done))
    if text == "none":
        return Selection("none", 0, frozenset())
    found = re.fullmatch(r"top=(\d+)", text)
    if found is None:
        raise SettingsError(f"cubes must be all, none, auto or top=N; got {text!r}.")
    n = int(found.group(1))
    ranked = _ranked(done, by)
    return Selection("top", n, frozenset(row.trial_id for row in ranked[:n]))


def _cube_bytes(row: TrialRow) -> int:
    size = 4
    for n in row.grid[0]:
        size *= n
    return size


def _ranked(rows: Sequence[TrialRow], by: str | None) -> list[TrialRow]:
    """Return the trials, the best first; those without a score come last."""
    ranked = ranked_trials(TrialTable.of(result_table(rows)), by) if rows else []
    place = {trial_id: i for i, trial_id in enumerate(ranked)}
    return sorted(rows, key=lambda row: place.get(row.trial_id, len(place)))
