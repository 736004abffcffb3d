"""What an earlier version left half-way: it opens, lists, collects and goes on."""

import tarfile
from pathlib import Path

import numpy as np
import pytest

from hifred.store import input_digest, open_fusion_input, open_results
from hifred.sweep.driver.run import run_sweep
from hifred.sweep.plan.plan import read_plan
from hifred.sweep.record.event_log import EventReader
from hifred.sweep.record.layout import SweepDirectory
from hifred.sweep.watch.collecting import collect
from hifred.sweep.watch.inspection import inspect_trial, trial_log
from hifred.sweep.watch.listing import list_rows
from hifred.sweep.watch.reproduction import reproduce
from hifred.sweep.watch.snapshot import snapshot
from hifred.sweep.watch.upkeep import verify

DATA = Path(__file__).parents[1] / "data/sweep-of-0.1.0.tar.xz"
DONE = {"2fabf9e92cfc", "e5ba9878987c", "d1bb55a1e9af", "6438985db81b"}
FAILED, STOPPED = "a5c9261e929c", "f89804592869"


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    with tarfile.open(DATA) as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path / "sweep"


def test_an_input_of_an_earlier_version_opens(earlier: Path) -> None:
    found = open_fusion_input(earlier.parent / "input.zarr")
    assert set(found.observations) == {"imager", "spectrometer"}
    assert found.truth is not None
    planned = read_plan(SweepDirectory(earlier)).head.inputs["shell"].digest
    assert input_digest(earlier.parent / "input.zarr") == planned


def test_its_progress_is_read(earlier: Path) -> None:
    told = snapshot(earlier)
    found = {state: n for state, n in told.counts.items() if n}
    assert found == {"done": 4, "failed": 1, "pending": 3}
    assert told.errors == [("failed: RuntimeError: made to fail once", 1)]
    assert told.damaged_events == 0


def test_its_trials_are_listed(earlier: Path) -> None:
    rows = {row["id"]: row for row in list_rows(earlier)}
    assert len(rows) == 8
    assert {i for i, row in rows.items() if row["state"] == "done"} == DONE
    assert rows[STOPPED]["message"] == "got SIGTERM"
    assert rows[FAILED]["mu"] == 0.03


def test_its_trials_are_shown(earlier: Path) -> None:
    failed = inspect_trial(earlier, FAILED)
    assert "made to fail once" in failed.traceback
    assert failed.settings["metrics"]["held_out"]["fraction"] == 0.2
    told = [event["event"] for event in trial_log(earlier, STOPPED)]
    assert told == ["submitted", "started", *["progress"] * (len(told) - 3), "ended"]


def test_its_files_are_whole(earlier: Path) -> None:
    assert verify(earlier).is_clean


def test_its_collected_store_opens(earlier: Path) -> None:
    results = open_results(earlier)
    done = set(results.table().query("status == 'done'").index)
    assert done == DONE


@pytest.mark.slow
def test_it_goes_on_where_it_was_left(
    earlier: Path, caplog: pytest.LogCaptureFixture
) -> None:
    before = SweepDirectory(earlier).published()
    assert before == DONE
    report = run_sweep(earlier, executor="inline")
    assert report.exit_code == 1
    assert "only the kernel's tag, which is the same, was compared" in caplog.text
    recorded = read_plan(SweepDirectory(earlier)).head.code_changes
    assert [len(record.changes) for record in recorded] == [1]
    assert report.n_found_done == 4
    assert report.snapshot.counts["done"] == 7
    begun = [
        (event["id"], event["n"])
        for event in EventReader(SweepDirectory(earlier).events).new_records()
        if event["event"] == "started"
    ]
    assert (STOPPED, 2) in begun
    assert not [n for trial_id, n in begun if trial_id in DONE if n > 1]
    assert collect(earlier).n_cubes == 7
    assert np.isfinite(open_results(earlier).table()["nmse_db"].dropna()).all()


def test_its_results_are_reproduced(earlier: Path) -> None:
    again = reproduce(earlier, "6438985db81b")
    assert max(again.largest_difference.values()) < 1e-5
