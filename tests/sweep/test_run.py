"""The engine runs every trial once, and goes on after anything."""

from pathlib import Path

import numpy as np
import pytest

from hifred.errors import HifredError
from hifred.store.trial_file import open_trial
from hifred.sweep.driver.run import run_sweep
from hifred.sweep.plan.declaration import Declaration
from hifred.sweep.plan.target import plan_sweep
from hifred.sweep.record.layout import SweepDirectory
from hifred.sweep.watch.snapshot import snapshot
from tests.sweep.stub_kernels import StubKernel


def cubes(root: Path) -> dict[str, np.ndarray]:
    directory = SweepDirectory(root)
    found = {}
    for trial_id in directory.published():
        with open_trial(directory.trial(trial_id)) as trial:
            found[trial_id] = trial.flux.values
    return found


def run(declaration: Declaration, root: Path, executor: str = "inline", **choices):
    return run_sweep(
        declaration, directory=root, kernel=StubKernel(), executor=executor, **choices
    )


def test_all_trials_are_run_once(declaration: Declaration, tmp_path: Path) -> None:
    first = run(declaration, tmp_path / "sweep")
    again = run(declaration, tmp_path / "sweep")
    assert (first.n_run, first.n_found_done, first.exit_code) == (8, 0, 0)
    assert (again.n_run, again.n_found_done, again.exit_code) == (0, 8, 0)


def test_a_directory_alone_is_enough_to_go_on(
    declaration: Declaration, tmp_path: Path
) -> None:
    plan_sweep(declaration, directory=tmp_path / "sweep", kernel=StubKernel())
    report = run_sweep(tmp_path / "sweep", kernel=StubKernel(), executor="inline")
    assert report.snapshot.counts["done"] == 8


def test_the_sweep_directory_may_be_moved(
    declaration: Declaration, tmp_path: Path
) -> None:
    run(declaration, tmp_path / "sweep")
    (tmp_path / "sweep").rename(tmp_path / "moved")
    report = run_sweep(tmp_path / "moved", kernel=StubKernel(), executor="inline")
    assert (report.n_run, report.exit_code) == (0, 0)


@pytest.mark.slow
def test_executors_and_worker_counts_give_identical_cubes(
    declaration: Declaration, tmp_path: Path
) -> None:
    run(declaration, tmp_path / "inline")
    run(declaration, tmp_path / "one", "local", workers=1)
    run(declaration, tmp_path / "four", "local", workers=4)
    expected = cubes(tmp_path / "inline")
    assert len(expected) == 8
    for name in ("one", "four"):
        found = cubes(tmp_path / name)
        assert found.keys() == expected.keys()
        for trial_id, cube in expected.items():
            assert found[trial_id].tobytes() == cube.tobytes()


def test_a_foreign_directory_is_refused(
    declaration: Declaration, tmp_path: Path
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").touch()
    with pytest.raises(HifredError, match="must be new or a sweep"):
        run(declaration, tmp_path / "mine")
    assert [p.name for p in (tmp_path / "mine").iterdir()] == ["thesis.tex"]


def test_the_snapshot_counts_every_state(
    declaration: Declaration, tmp_path: Path
) -> None:
    plan_sweep(declaration, directory=tmp_path / "sweep", kernel=StubKernel())
    found = snapshot(tmp_path / "sweep")
    assert (found.n_trials, found.counts["pending"], found.exit_code) == (8, 8, 3)
