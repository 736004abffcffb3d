"""Retry, cancel, list, show, verify, clean: a sweep seen from outside."""

import json
import os
import socket
from pathlib import Path

import pytest

from hifred.errors import HifredError
from hifred.sweep.driver.run import run_sweep
from hifred.sweep.plan.declaration import Declaration, declare
from hifred.sweep.plan.target import plan_sweep
from hifred.sweep.record.driver_lock import DriverLock, live_driver
from hifred.sweep.record.layout import SweepDirectory
from hifred.sweep.watch.commands import cancel, retry
from hifred.sweep.watch.inspection import inspect_trial, trial_log
from hifred.sweep.watch.listing import list_rows
from hifred.sweep.watch.preview import preview
from hifred.sweep.watch.reproduction import reproduce
from hifred.sweep.watch.snapshot import snapshot
from hifred.sweep.watch.upkeep import clean, verify
from tests.sweep.stub_kernels import StubAttempt, StubKernel


def run(target: Declaration | Path, sweep: Path | None = None, **choices):
    choices = {"executor": "inline", "kernel": StubKernel(), **choices}
    return run_sweep(target, directory=sweep, **choices)


@pytest.fixture
def sweep(source: Path, tmp_path: Path) -> Path:
    declaration = declare(
        "c",
        {"a": source},
        [
            {"mu": [1, 2, 3], "rank": [4, 5]},
            {"mu": 9, "rank": 4, "behaviour": ["raise", "diverge"]},
        ],
    )
    assert run(declaration, tmp_path / "s").exit_code == 1
    return tmp_path / "s"


def counts(sweep: Path) -> dict[str, int]:
    return {state: n for state, n in snapshot(sweep).counts.items() if n}


def test_bad_ends_are_not_tried_again_by_themselves(sweep: Path) -> None:
    assert counts(sweep) == {"done": 6, "failed": 1, "diverged": 1}
    report = run(sweep)
    assert (report.n_run, report.exit_code) == (0, 1)


def test_a_retry_is_tried_once(sweep: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(retry(sweep, states=["failed"])) == 1
    assert counts(sweep) == {"done": 6, "pending": 1, "diverged": 1}
    assert run(sweep).n_run == 1
    assert counts(sweep) == {"done": 6, "failed": 1, "diverged": 1}
    retry(sweep, states=["failed"])
    monkeypatch.setattr("tests.sweep.stub_kernels.misbehave", lambda *_: None)
    run(sweep)
    assert counts(sweep) == {"done": 7, "diverged": 1}


def test_cancelled_trials_are_left_out_until_retried(
    declaration: Declaration, tmp_path: Path
) -> None:
    sweep = tmp_path / "s"
    plan_sweep(declaration, directory=sweep, kernel=StubKernel())
    assert len(cancel(sweep, where="rank >= 2")) == 3
    assert counts(sweep) == {"pending": 5, "cancelled": 3}
    assert run(sweep).exit_code == 0
    assert counts(sweep) == {"done": 5, "cancelled": 3}
    retry(sweep, states=["cancelled"])
    run(sweep)
    assert counts(sweep) == {"done": 8}


def test_a_cancel_is_obeyed_while_running(
    declaration: Declaration, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = tmp_path / "s"
    monkeypatch.setattr("hifred.sweep.driver.driver.READ_EVENTS_SECONDS", 0.0)
    step, n_steps = StubAttempt.step, []

    def cancelling(self: StubAttempt):
        n_steps.append(1)
        if len(n_steps) == 2:
            cancel(sweep, where="regularizer == w2d1d")
        return step(self)

    monkeypatch.setattr(StubAttempt, "step", cancelling)
    run(declaration, sweep)
    assert counts(sweep) == {"done": 6, "cancelled": 2}


def test_what_is_no_longer_declared_is_cancelled_and_may_come_back(
    source: Path, tmp_path: Path
) -> None:
    sweep = tmp_path / "s"
    wide = declare("c", {"a": source}, {"mu": [1, 2, 3], "rank": 4})
    narrow = declare("c", {"a": source}, {"mu": [1], "rank": 4})
    plan_sweep(wide, directory=sweep, kernel=StubKernel())
    assert run(narrow, sweep).exit_code == 0
    assert counts(sweep) == {"done": 1, "cancelled": 2}
    run(wide, sweep)
    assert counts(sweep) == {"done": 3}


def test_trials_are_listed_by_state_and_condition(sweep: Path) -> None:
    assert len(list_rows(sweep)) == 8
    (failed,) = list_rows(sweep, states=["failed"])
    assert failed["message"] == "RuntimeError: this trial always raises"
    rows = list_rows(sweep, where="rank >= 5 and mu < 3", columns=["mu", "nmse_db"])
    assert [set(row) for row in rows] == [{"id", "state", "mu", "nmse_db"}] * 2
    assert all(isinstance(row["nmse_db"], float) for row in rows)


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"where": "rnak > 3"}, "did you mean 'rank'"),
        ({"columns": ["nmse"]}, "unknown column 'nmse'"),
        ({"states": ["faild"]}, "did you mean 'failed'"),
    ],
)
def test_mistakes_in_a_listing_are_told(
    sweep: Path, choice: dict, message: str
) -> None:
    with pytest.raises(HifredError, match=message):
        list_rows(sweep, **choice)


def test_a_trial_tells_everything(sweep: Path) -> None:
    (failed,) = list_rows(sweep, states=["failed"])
    found = inspect_trial(sweep, failed["id"][:6])
    assert "misbehave" in found.traceback
    assert found.settings["behaviour"] == "raise"
    done = inspect_trial(sweep, list_rows(sweep, states=["done"])[0]["id"])
    assert done.record["provenance"]["host"]
    assert "nmse_db" in done.measures
    log = [event["event"] for event in trial_log(sweep, done.id)]
    assert log == ["submitted", "started", "finished"]


def test_a_trial_is_reproduced_bit_for_bit(
    sweep: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = list_rows(sweep, states=["done"])[0]["id"]
    assert reproduce(sweep, name, StubKernel()).identical
    step = StubAttempt.step

    def off(self: StubAttempt):
        self.values = self.values * (1 + 1e-6)
        return step(self)

    monkeypatch.setattr(StubAttempt, "step", off)
    other = reproduce(sweep, name, StubKernel())
    assert not other.identical
    assert 0 < other.largest_difference["flux"] < 1e-4
    with pytest.raises(HifredError, match="must be done"):
        reproduce(sweep, list_rows(sweep, states=["failed"])[0]["id"], StubKernel())


@pytest.mark.parametrize("name", ["zz", ""])
def test_an_ambiguous_id_is_refused(sweep: Path, name: str) -> None:
    with pytest.raises(HifredError, match="first digits of one trial"):
        inspect_trial(sweep, name)


def test_verify_finds_orphans_and_a_clean_sweep_is_clean(sweep: Path) -> None:
    found = verify(sweep, kernel=StubKernel())
    assert found.is_clean
    assert found.n_checked == 7
    directory = SweepDirectory(sweep)
    some = directory.trial(sorted(directory.published())[0])
    other = directory.trial("0123456789ab")
    other.parent.mkdir(exist_ok=True)
    other.write_bytes(some.read_bytes())
    found = verify(sweep, kernel=StubKernel())
    assert found.orphans == ["0123456789ab"]
    assert "it holds" in next(iter(found.damaged.values()))


def test_clean_removes_leftovers_only(sweep: Path) -> None:
    directory = SweepDirectory(sweep)
    done = sorted(directory.published())[0]
    left = [
        directory.checkpoint(done),
        directory.checkpoints / f".{done}.npz.0123.part",
        directory.trial(done).with_name(f".{done}.zarr.zip.0123.part"),
        directory.stop_marker(done),
    ]
    for path in left:
        path.touch()
    before = directory.published()
    told = clean(sweep, dry_run=True)
    assert sorted(told) == sorted(str(p.relative_to(sweep)) for p in left)
    assert all(path.exists() for path in left)
    assert clean(sweep) == told
    assert not any(path.exists() for path in left)
    assert directory.published() == before
    assert clean(sweep) == []


def test_a_sweep_at_work_is_not_cleaned(sweep: Path) -> None:
    directory = SweepDirectory(sweep)
    with DriverLock(directory.lock), pytest.raises(HifredError, match="at rest"):
        clean(sweep)


def test_a_lock_is_released_and_a_stale_one_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "driver.lock"
    with DriverLock(path):
        assert live_driver(path) is not None
        with pytest.raises(HifredError, match="one driver at a time"), DriverLock(path):
            pass
    assert not path.exists()
    dead = {"host": socket.gethostname(), "pid": 1, "born": 5, "since": 0}
    path.write_text(json.dumps(dead))
    assert live_driver(path) is None
    with DriverLock(path):
        pass


def test_a_driver_elsewhere_is_believed_while_it_beats(tmp_path: Path) -> None:
    path = tmp_path / "driver.lock"
    path.write_text('{"host": "node17", "pid": 1, "born": 5, "since": 0}')
    assert live_driver(path) is not None
    old = path.stat().st_mtime - 3600
    os.utime(path, (old, old))
    assert live_driver(path) is None


def test_a_preview_counts_and_writes_nothing(
    declaration: Declaration, tmp_path: Path
) -> None:
    sweep = tmp_path / "s"
    found = preview(declaration, directory=sweep, kernel=StubKernel())
    assert (found.n_trials, found.n_new, found.n_done) == (8, 8, 0)
    assert found.by_regularizer == {"lrs": 6, "w2d1d": 2}
    assert found.cpu_seconds is None
    assert not sweep.exists()
    timed = preview(declaration, directory=sweep, kernel=StubKernel(), calibrate=True)
    assert timed.timed_by == "a calibration run"
    assert 0 < timed.cpu_seconds < 10
    assert not sweep.exists()


def test_a_preview_knows_what_is_done(source: Path, tmp_path: Path) -> None:
    sweep = tmp_path / "s"
    run(declare("c", {"a": source}, {"mu": [1, 2], "rank": 4}), sweep)
    wider = declare("c", {"a": source}, {"mu": [1, 2, 3, 3], "rank": 4})
    found = preview(wider, directory=sweep, kernel=StubKernel())
    assert (found.n_trials, found.n_new, found.n_done) == (3, 1, 2)
    assert found.n_duplicates == 1
    assert found.timed_by == "finished trials"
    assert found.n_bytes > 3000


def test_the_old_name_of_a_retry_s_memory_still_works(sweep: Path) -> None:
    with pytest.warns(FutureWarning, match="memory_mib is an old name: write memory"):
        (trial,) = retry(sweep, states=["failed"], memory_mib=2048)
    assert trial_log(sweep, trial.id)[-1]["memory_bytes"] == 2 * 2**30
