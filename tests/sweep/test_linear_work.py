"""Work on a sweep grows as its trials, not as their square: counted, not timed."""

import math
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from hifred.store.trial_file import publish_trial
from hifred.sweep.plan.declaration import declare
from hifred.sweep.plan.plan import read_plan
from hifred.sweep.plan.planning import make_plan
from hifred.sweep.record.layout import SweepDirectory
from hifred.sweep.watch.collecting import collect
from hifred.sweep.watch.listing import list_rows
from hifred.sweep.watch.snapshot import snapshot
from tests.sweep.stub_kernels import StubKernel


def planned(root: Path, source: Path, n_trials: int) -> Path:
    grid = {"mu": [0.001 * (i + 1) for i in range(n_trials)], "rank": 3}
    declaration = declare("s", {"a": source}, grid)
    make_plan(SweepDirectory(root), declaration, StubKernel())
    return root


def finished(root: Path, source: Path, n_trials: int) -> Path:
    """Return a sweep whose trials are all published: copies of the first one's file."""
    planned(root, source, n_trials)
    directory = SweepDirectory(root)
    cube = xr.DataArray(np.ones((2, 3, 4), np.float32), dims=("energy", "y", "x"))
    for trial in read_plan(directory).trials:
        path = directory.trial(trial.id)
        path.parent.mkdir(parents=True, exist_ok=True)
        publish_trial(path, cube.to_dataset(name="flux"), {"trial_id": trial.id})
    return root


def calls_of(function, *arguments) -> int:
    """Return how many functions, of Python and of C, a call of `function` calls."""
    count = 0

    def note(frame, event, argument) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        function(*arguments)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("function", [list_rows, snapshot])
def test_reading_a_sweep_is_linear(tmp_path: Path, source: Path, function) -> None:
    few, many = 100, 400
    small = planned(tmp_path / "small", source, few)
    large = planned(tmp_path / "large", source, many)
    function(small)  # imports and caches
    found = math.log(calls_of(function, large) / calls_of(function, small))
    assert found / math.log(many / few) < 1.1


@pytest.mark.slow
def test_collecting_cubes_again_is_linear(tmp_path: Path, source: Path) -> None:
    few, many = 50, 200
    calls = {}
    for n_trials in (few, many):
        root = finished(tmp_path / str(n_trials), source, n_trials)
        collect(root, cubes="all")
        finished(root, source, n_trials + 1)
        calls[n_trials] = calls_of(lambda: collect(root, cubes="all"))  # noqa: B023
    found = math.log(calls[many] / calls[few])
    assert found / math.log(many / few) < 1.1
