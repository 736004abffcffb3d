"""Line maps of every trial of a sweep, side by side."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

import xarray as xr

from hifred.errors import HifredError, unknown_name
from hifred.store.trial_file import open_trial
from hifred.sweep.plan.plan import Trial
from hifred.sweep.record.layout import open_directory
from hifred.sweep.trial_lines import TrialLines
from hifred.sweep.watch.snapshot import SweepView
from hifred.sweep.watch.states import TrialState

TRIAL = "trial"
SHOWN = ("flux", "velocity", "width", "status")


@final
@dataclass(frozen=True)
class LineReport:
    """What a call of `map_lines` did.

    Parameters
    ----------
    n_mapped : int
        Trials with maps of the lines that are asked for now.
    n_new : int
        Those that were measured by this call.
    refused : mapping
        Id to why a trial has no maps.
    """

    n_mapped: int
    n_new: int
    refused: Mapping[str, str]


def map_lines(root: str | Path) -> LineReport | None:
    """Map the lines of every finished trial that has no maps of them yet.

    Trials map them when they end; these are earlier ones, or all of them after
    ``lines.toml`` in the sweep directory has changed.

    Returns
    -------
    LineReport or None
        None where no lines are asked for.

    Raises
    ------
    HifredError
        If there is no sweep, or its file of lines is wrong.
    """
    lines = TrialLines.of(open_directory(root))
    if lines is None:
        return None
    done = _done(SweepView(root))
    missing = [trial for trial in done if not lines.path(trial.id).exists()]
    refused = {}
    for trial in missing:
        try:
            with open_trial(lines.sweep.trial(trial.id)) as result:
                record = {"trial_id": trial.id, "model": trial.model}
                lines.publish(record, result.load())
        except (HifredError, OSError) as error:
            refused[trial.id] = str(error)
    return LineReport(len(done) - len(refused), len(missing) - len(refused), refused)


def sweep_line_maps(
    root: str | Path, names: Sequence[str] = SHOWN, *, model: str | None = None
) -> xr.Dataset:
    """Return line maps of all trials of a model, with dims (trial, line, y, x).

    Parameters
    ----------
    root : path
        A sweep directory whose ``sweep.toml`` has ``lines`` under ``[products]``.
    names : sequence of str
        Quantities; see `hifred.products.quantities.QUANTITIES`.
    model : str, optional
        May be left out where there is one.

    Returns
    -------
    Dataset
        With the settings of the trials as coordinates on ``trial``.

    Raises
    ------
    HifredError
        If there are no maps, or a name is unknown.
    """
    lines = TrialLines.of(open_directory(root))
    if lines is None:
        raise HifredError(
            f"{root} must map lines; it has no lines.toml. Name one in its sweep.toml: "
            '[products] with lines = "lines.toml".'
        )
    trials = [t for t in _done(SweepView(root)) if lines.path(t.id).exists()]
    chosen = _of_model(trials, model)
    maps = xr.concat(list(_opened(lines, chosen, names)), TRIAL)
    return maps.assign_coords(_settings(chosen))


def _done(view: SweepView) -> list[Trial]:
    states = view.states()
    return [t for t in view.plan.trials if states[t.id] is TrialState.DONE]


def _of_model(trials: Sequence[Trial], model: str | None) -> list[Trial]:
    known = sorted({trial.model for trial in trials})
    if not known:
        raise HifredError(
            "there must be line maps of a finished trial; got none. Run the sweep, or "
            "`hifred collect DIR`, which tells why."
        )
    if model is None and len(known) > 1:
        raise HifredError(f"model must be one of {', '.join(known)}; got none.")
    if model is not None and model not in known:
        raise unknown_name("model", model, known)
    return [trial for trial in trials if trial.model == (model or known[0])]


def _opened(
    lines: TrialLines, trials: Sequence[Trial], names: Sequence[str]
) -> Iterator[xr.Dataset]:
    for trial in trials:
        with open_trial(lines.path(trial.id)) as maps:
            for name in names:
                if name not in maps:
                    raise unknown_name("quantity", name, map(str, maps.data_vars))
            yield maps[list(names)].load()


def _settings(trials: Sequence[Trial]) -> dict[str, tuple[str, list[object]]]:
    names = {name for trial in trials for name in trial.settings if name != "metrics"}
    found: dict[str, tuple[str, list[object]]] = {
        TRIAL: (TRIAL, [trial.id for trial in trials])
    }
    for name in sorted(names):
        found[name] = (TRIAL, [trial.settings.get(name) for trial in trials])
    return found
