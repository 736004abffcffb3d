"""What a declaration would do, before anything is run or written."""

import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import final

from hifred.sweep.kernels.default_kernel import default_kernel
from hifred.sweep.kernels.kernel import Kernel
from hifred.sweep.plan.declaration import Declaration
from hifred.sweep.plan.expansion import Point
from hifred.sweep.plan.inputs import materialise
from hifred.sweep.plan.plan import PlannedInput, Trial, whole_settings
from hifred.sweep.plan.planning import Checked, check_plan, identified
from hifred.sweep.plan.target import sweep_target
from hifred.sweep.record.layout import SweepDirectory
from hifred.sweep.watch.snapshot import SweepView, kind_of, seconds_by_kind

CALIBRATION_SECONDS = 10.0
# Folders by the first two digits of ids, the plan, logs and one collected store.
CONSTANT_FILES = 300
# Attributes, curves and maps of a trial file, beside its cube.
OVERHEAD_BYTES = 60_000


@final
@dataclass(frozen=True)
class Preview:
    """The size of a sweep.

    Parameters
    ----------
    name, directory : str
        What it is called, and where it would be run.
    n_trials, n_done, n_new : int
        Trials declared, those published already, those not yet planned.
    n_duplicates, n_excluded : int
        Declared trials that compute what another one does; those taken out.
    by_model, by_regularizer : mapping
        Numbers of trials.
    cpu_seconds : float or None
        Work that is left, s.
    timed_by : str or None
        Where that comes from.
    n_bytes : int or None
        Space of all trial files, bytes.
    n_files : int
        Files of the whole sweep, at most.
    """

    name: str
    directory: str
    n_trials: int
    n_done: int
    n_new: int
    n_duplicates: int
    n_excluded: int
    by_model: Mapping[str, int]
    by_regularizer: Mapping[str, int]
    cpu_seconds: float | None
    timed_by: str | None
    n_bytes: int | None
    n_files: int

    def as_dict(self) -> dict[str, object]:
        """Return plain values, for JSON."""
        return asdict(self)


def preview(
    target: str | Path | Declaration,
    *,
    directory: str | Path | None = None,
    kernel: Kernel | None = None,
    calibrate: bool = False,
) -> Preview:
    """Return what `target` would do; nothing is run or written.

    Parameters
    ----------
    target, directory
        As in `run_sweep`.
    calibrate : bool
        Compute one trial of each regularizer, for ten seconds at most, to tell how
        long the sweep takes when no trial has been finished yet.

    Raises
    ------
    HifredError
        As `run_sweep` would.
    """
    kernel = kernel or default_kernel()
    sweep, declaration = sweep_target(target, directory)
    checked = check_plan(sweep, declaration, kernel, allow_code_change=True)
    view = SweepView(sweep.root) if checked.before else None
    known = _known_trials(checked, kernel)
    published = sweep.published()
    points = _distinct(checked.expansion.points, known)
    left = [
        p for p in points if (t := known.get(p.key)) is None or t.id not in published
    ]
    timing, timed_by = _timing(sweep, declaration, checked, kernel, view, calibrate)
    planned = {trial.id for trial in checked.before.trials} if checked.before else set()
    return Preview(
        name=declaration.name,
        directory=str(sweep.root),
        n_trials=len(points),
        n_done=len(points) - len(left),
        n_new=sum(
            (t := known.get(p.key)) is None or t.id not in planned for p in points
        ),
        n_duplicates=checked.expansion.n_declared - len(points),
        n_excluded=checked.expansion.n_excluded,
        by_model=dict(Counter(p.model for p in points)),
        by_regularizer=dict(Counter(map(_kind, points))),
        cpu_seconds=_total(timing, left),
        timed_by=timed_by,
        n_bytes=_bytes(sweep, checked, points, kernel, published),
        n_files=len(points) + CONSTANT_FILES,
    )


def _kind(point: Point) -> str:
    return kind_of(point.settings)


def _known_trials(checked: Checked, kernel: Kernel) -> dict[str, Trial]:
    """Return the trials whose ids can be told, because their input is there."""
    found = {
        name: PlannedInput(kernel.input_digest(source), {}, None)
        for name, source in checked.sources.items()
        if source is not None and name not in checked.head.inputs
    }
    head = replace(checked.head, inputs={**checked.head.inputs, **found})
    points = [p for p in checked.expansion.points if p.model in head.inputs]
    trials = identified(head, points)
    return {p.key: trial for p, trial in zip(points, trials, strict=True)}


def _distinct(points: Sequence[Point], known: Mapping[str, Trial]) -> list[Point]:
    """Return each trial once: two models of the same data compute the same."""
    once: dict[str, Point] = {}
    for point in points:
        trial = known.get(point.key)
        once.setdefault(point.key if trial is None else trial.id, point)
    return list(once.values())


def _timing(
    sweep: SweepDirectory,
    declaration: Declaration,
    checked: Checked,
    kernel: Kernel,
    view: SweepView | None,
    calibrate: bool,
) -> tuple[dict[str, float], str | None]:
    timing = {} if view is None else _finished_timing(view)
    if timing:
        return timing, "finished trials"
    if not calibrate:
        return {}, None
    with tempfile.TemporaryDirectory() as scratch:
        found = _calibrated(SweepDirectory(Path(scratch)), declaration, checked, kernel)
    return found, "a calibration run"


def _finished_timing(view: SweepView) -> dict[str, float]:
    view.refresh()
    taken = seconds_by_kind(view.plan.trials, view.histories)
    return {kind: statistics.fmean(seconds) for kind, seconds in taken.items()}


def _calibrated(
    scratch: SweepDirectory, declaration: Declaration, checked: Checked, kernel: Kernel
) -> dict[str, float]:
    scratch.inputs.mkdir()
    chosen: dict[str, Point] = {}
    for point in checked.expansion.points:
        chosen.setdefault(_kind(point), point)
    timing = {}
    for kind, point in chosen.items():
        path = materialise(
            scratch, point.model, declaration.models[point.model],
            source=checked.sources[point.model], kernel=kernel, seed=declaration.seed,
        )  # fmt: skip
        seconds = _time_one(kernel, path, point)
        if seconds < CALIBRATION_SECONDS / 3:
            # The first one also compiled, and filled caches.
            seconds = _time_one(kernel, path, point)
        timing[kind] = seconds
    return timing


def _time_one(kernel: Kernel, path: Path, point: Point) -> float:
    start = time.monotonic()
    attempt = kernel.begin(path, whole_settings(point.settings, point.seed), None)
    while True:
        step = attempt.step()
        seconds = time.monotonic() - start
        if step.done:
            return seconds
        if seconds > CALIBRATION_SECONDS:
            return seconds / step.fraction if step.fraction else seconds


def _total(timing: Mapping[str, float], left: Sequence[Point]) -> float | None:
    if not timing:
        return None
    typical = statistics.fmean(timing.values())
    return sum(timing.get(_kind(point), typical) for point in left)


def _bytes(
    sweep: SweepDirectory,
    checked: Checked,
    points: Sequence[Point],
    kernel: Kernel,
    published: set[str],
) -> int | None:
    if published:
        some = sorted(published)[:20]
        sizes = [sweep.trial(trial_id).stat().st_size for trial_id in some]
        return round(statistics.fmean(sizes) * len(points))
    total = 0
    for model, n_trials in Counter(p.model for p in points).items():
        kept = sweep.input(model)
        path = kept if kept.exists() else checked.sources[model]
        size = None if path is None else kernel.result_bytes(path)
        if size is None:
            return None
        total += n_trials * (size + OVERHEAD_BYTES)
    return total
