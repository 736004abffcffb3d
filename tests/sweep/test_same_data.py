"""Identity is content: a name more for the same data is no trial more."""

import json
from pathlib import Path

import pytest

from hifred.store.results import open_results
from hifred.sweep.driver.run import run_sweep
from hifred.sweep.kernels.fusion_kernel import FusionKernel
from hifred.sweep.plan.declaration import declare
from hifred.sweep.plan.plan import read_plan, write_plan
from hifred.sweep.plan.target import plan_sweep
from hifred.sweep.record.layout import SweepDirectory
from hifred.sweep.watch.collecting import collect
from hifred.sweep.watch.preview import preview
from hifred.sweep.watch.snapshot import snapshot
from tests.sweep.stub_kernels import StubKernel


def test_two_models_of_one_file_are_run_and_collected_once(
    source: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other = tmp_path / "copy.bin"
    other.write_bytes(source.read_bytes())
    declared = declare("s", {"a": source, "b": other}, {"mu": [1, 2], "rank": 3})
    root = tmp_path / "s"
    report = run_sweep(declared, directory=root, executor="inline", kernel=StubKernel())
    assert report.n_run == 2
    assert snapshot(root).counts["done"] == snapshot(root).n_trials == 2
    assert "models 'a', 'b' hold the same data" in caplog.text
    assert collect(root).n_trials == 2
    assert list(open_results(root).table()["model"]) == ["a", "a"]


def test_two_equal_simulations_are_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    simulate = {"shape": [6, 6], "n_energies": 20, "counts": 1e3}
    models = {
        "a": {"simulate": simulate},
        "b": {"simulate": simulate},
        "c": {"simulate": simulate | {"seed": 2}},
    }
    declared = declare("s", models, {"regularizer": "low_rank", "rank": [2, 3]})
    planned = plan_sweep(declared, directory=tmp_path / "s", kernel=FusionKernel())
    assert [t.model for t in planned.plan.trials] == ["a", "a", "c", "c"]
    assert "models 'a', 'b' hold the same data" in caplog.text


def test_a_preview_counts_them_once(source: Path, tmp_path: Path) -> None:
    other = tmp_path / "copy.bin"
    other.write_bytes(source.read_bytes())
    declared = declare("s", {"a": source, "b": other}, {"mu": [1, 2], "rank": 3})
    root = tmp_path / "s"
    told = preview(declared, directory=root, kernel=StubKernel())
    assert (told.n_trials, told.n_new, told.n_duplicates) == (2, 2, 2)
    assert told.by_model == {"a": 2}
    run_sweep(declared, directory=root, executor="inline", kernel=StubKernel())
    told = preview(declared, directory=root, kernel=StubKernel())
    assert (told.n_trials, told.n_done, told.n_new) == (2, 2, 0)


def test_a_plan_that_has_a_trial_twice_is_read_as_once(
    source: Path, tmp_path: Path
) -> None:
    root = tmp_path / "s"
    declared = declare("s", {"a": source}, {"mu": [1, 2], "rank": 3})
    run_sweep(declared, directory=root, executor="inline", kernel=StubKernel())
    directory = SweepDirectory(root)
    plan = read_plan(directory)
    plan.trials.append(plan.trials[0])
    write_plan(directory, plan)
    lines = directory.plan.read_text().splitlines()
    assert [json.loads(line)["id"] for line in lines[1:]].count(plan.trials[0].id) == 2
    assert len(read_plan(directory).trials) == 2
    assert collect(root).n_done == 2
