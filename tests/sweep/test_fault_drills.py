"""Full disks, read-only folders, damaged files, poison trials, jumping clocks."""

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hifred.errors import HifredError
from hifred.store.results import open_results
from hifred.sweep.driver.run import run_sweep
from hifred.sweep.plan.declaration import Declaration, declare
from hifred.sweep.plan.target import plan_sweep
from hifred.sweep.record.layout import SweepDirectory
from hifred.sweep.watch.collecting import collect
from hifred.sweep.watch.commands import retry
from hifred.sweep.watch.snapshot import SweepView, snapshot
from hifred.sweep.watch.upkeep import verify
from hifred.sweep.worker import trial_work as trial_module
from tests.sweep import drive
from tests.sweep.stub_kernels import StubAttempt, StubKernel


def run(target: Declaration | Path, sweep: Path | None = None, **choices):
    choices = {"executor": "inline", "kernel": StubKernel(), **choices}
    return run_sweep(target, directory=sweep, **choices)


def grid_of(source: Path, n_trials: int, **settings: object) -> Declaration:
    grid = {"mu": {"range": [1, n_trials, 1]}, "rank": 3, **settings}
    return declare("fault", {"a": source}, grid)


@contextlib.contextmanager
def mounted(folder: Path, *options: str) -> Iterator[Path]:
    """Mount a small file system of its own, or skip."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", *options, "tmpfs", str(folder)]
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("a file system of its own needs root")
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine does not let root mount a file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path, leave: int = 0) -> Path:
    """Write until the file system is full; return the file to delete."""
    filler = folder / ".filler"
    with filler.open("wb", buffering=0) as file:
        with contextlib.suppress(OSError):
            while file.write(b"0" * 4096):
                pass
        file.truncate(max(file.tell() - leave, 0))
    return filler


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial_module, "PUBLISH_DELAYS", (0.01,))


@pytest.mark.usefixtures("hasty")
def test_a_full_disk_while_publishing(source: Path, tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "-o", "size=3m") as disk:
        sweep = disk / "s"
        plan_sweep(grid_of(source, 30), directory=sweep, kernel=StubKernel())
        filler = fill(disk, leave=100_000)
        report = run(sweep)
        assert report.exit_code == 3
        assert "No space left" in str(report.message)
        done = drive.assert_all_valid(sweep)
        assert 0 < len(done) < 30
        assert not list(sweep.rglob("*.part"))
        filler.unlink()
        again = run(sweep)
        assert (again.exit_code, again.n_found_done) == (0, len(done))


@pytest.mark.usefixtures("hasty")
def test_a_file_size_limit_while_publishing(source: Path, tmp_path: Path) -> None:
    sweep = tmp_path / "s"
    plan_sweep(grid_of(source, 5), directory=sweep, kernel=StubKernel())

    def limited() -> None:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
        report = run(sweep)
        assert report.exit_code == 3
        assert "File too large" in str(report.message)
        (tmp_path / "told").touch()

    drive.fork_and_kill(limited, 5.0)
    assert (tmp_path / "told").exists()
    assert run(sweep).exit_code == 0


def test_a_full_disk_while_checkpointing(source: Path, tmp_path: Path) -> None:
    declaration = grid_of(source, 2, n_steps=5, state_bytes=400_000)
    with mounted(tmp_path / "disk", "-o", "size=2m") as disk:
        sweep = disk / "s"
        plan_sweep(declaration, directory=sweep, kernel=StubKernel())
        fill(disk, leave=200_000)
        report = run(sweep, checkpoint_every=0.0)
        assert report.exit_code == 0
        assert len(drive.assert_all_valid(sweep)) == 2
        assert not list(sweep.rglob("*.part"))


def test_a_full_disk_while_collecting(source: Path, tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "-o", "size=3m") as disk:
        sweep = disk / "s"
        run(grid_of(source, 3), sweep)
        first = collect(sweep)
        run(grid_of(source, 5), sweep)
        filler = fill(disk)
        with pytest.raises(HifredError, match="No space left"):
            collect(sweep)
        assert len(open_results(sweep).table()) == 3
        filler.unlink()
        second = collect(sweep)
        assert second.path != first.path
        assert len(open_results(sweep).table()) == 5
        assert not list((sweep / "results").glob(".part*"))


def test_a_full_disk_while_planning(source: Path, tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "-o", "size=1m") as disk:
        filler = fill(disk)
        with pytest.raises(HifredError, match="must be writable"):
            run(grid_of(source, 3), disk / "s")
        filler.unlink()
        assert run(grid_of(source, 3), disk / "s").exit_code == 0


def test_a_read_only_sweep_is_refused_but_can_be_read(
    source: Path, tmp_path: Path
) -> None:
    with mounted(tmp_path / "disk", "-o", "size=4m") as disk:
        sweep = disk / "s"
        run(grid_of(source, 3), sweep)
        collect(sweep)
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        with pytest.raises(HifredError, match="must be writable"):
            run(grid_of(source, 4), sweep)
        with pytest.raises(HifredError, match="must be writable"):
            run(sweep)
        with pytest.raises(HifredError, match="must be writable"):
            run(grid_of(source, 3), disk / "new")
        assert snapshot(sweep).counts["done"] == 3
        assert len(open_results(sweep).table()) == 3


@pytest.mark.usefixtures("hasty")
def test_a_read_only_folder_of_trials_stops_the_sweep_aloud(
    source: Path, tmp_path: Path
) -> None:
    sweep = tmp_path / "s"
    plan_sweep(grid_of(source, 3), directory=sweep, kernel=StubKernel())
    (sweep / "trials").rmdir()
    with mounted(sweep / "trials", "-o", "ro"):
        report = run(sweep)
        assert report.exit_code == 3
        assert "Read-only" in str(report.message)
    assert run(sweep).exit_code == 0


@pytest.mark.parametrize("damage", ["truncate", "flip"])
def test_a_damaged_trial_is_found_set_aside_and_made_again(
    source: Path, tmp_path: Path, damage: str
) -> None:
    sweep = tmp_path / "s"
    run(grid_of(source, 3), sweep)
    directory = SweepDirectory(sweep)
    victim = directory.trial(sorted(directory.published())[1])
    content = victim.read_bytes()
    altered = bytearray(content)
    altered[len(content) // 2] ^= 1
    victim.write_bytes(content[:-500] if damage == "truncate" else altered)
    found = verify(sweep, kernel=StubKernel(), repair=True)
    assert list(found.damaged) == [str(victim.relative_to(sweep))]
    assert snapshot(sweep).counts["pending"] == 1
    report = run(sweep)
    assert (report.n_run, report.exit_code) == (1, 0)
    assert verify(sweep, kernel=StubKernel()).is_clean
    assert len(list((sweep / "damaged").iterdir())) == 1


def test_a_truncated_trial_does_not_stop_the_collector(
    source: Path, tmp_path: Path
) -> None:
    sweep = tmp_path / "s"
    run(grid_of(source, 3), sweep)
    directory = SweepDirectory(sweep)
    victim = sorted(directory.published())[0]
    directory.trial(victim).write_bytes(b"PK")
    report = collect(sweep)
    assert list(report.damaged) == [victim]
    table = open_results(sweep).table()
    assert table.loc[victim, "status"] == "damaged"
    assert (table["status"] == "done").sum() == 2


def test_a_damaged_event_line_costs_nothing(source: Path, tmp_path: Path) -> None:
    sweep = tmp_path / "s"
    run(grid_of(source, 3), sweep)
    (log,) = (sweep / "events").glob("*.jsonl")
    content = log.read_bytes()
    log.write_bytes(content[:40] + b"\x00" + content[41:-7])
    found = snapshot(sweep)
    assert (found.counts["done"], found.damaged_events) == (3, 1)
    assert run(sweep).n_run == 0


def test_a_damaged_input_is_told_and_made_again(source: Path, tmp_path: Path) -> None:
    sweep = tmp_path / "s"
    run(grid_of(source, 2), sweep)
    (sweep / "inputs/a.zarr").write_bytes(b"counts of a stuB")
    with pytest.raises(HifredError, match="damaged or altered"):
        run(grid_of(source, 3), sweep)
    verify(sweep, kernel=StubKernel(), repair=True)
    assert run(grid_of(source, 3), sweep).exit_code == 0


def test_a_clock_that_jumps_changes_nothing(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, jumps = time.time, iter([1e6, -1e6, 3e7, -3e8] * 100)
    step = StubAttempt.step

    def jumping(self: StubAttempt):
        offset = next(jumps)
        monkeypatch.setattr(time, "time", lambda: real() + offset)
        return step(self)

    monkeypatch.setattr(StubAttempt, "step", jumping)
    sweep = tmp_path / "s"
    seen = []
    report = run(grid_of(source, 8, n_steps=3), sweep, on_change=seen.append)
    assert report.exit_code == 0
    assert report.snapshot.counts["done"] == 8
    assert 0 <= report.snapshot.seconds_per_trial < 60
    assert run(sweep).n_run == 0


def test_two_drivers_cannot_work_on_one_sweep(source: Path, tmp_path: Path) -> None:
    sweep = tmp_path / "s"
    plan_sweep(grid_of(source, 30, sleep=0.1), directory=sweep, kernel=StubKernel())
    drivers = [drive.start(sweep, "executor=inline") for _ in range(2)]
    outputs = [driver.communicate(timeout=120)[0] for driver in drivers]
    codes = sorted(driver.returncode for driver in drivers)
    assert codes == [0, 1], outputs
    loser = outputs[[d.returncode for d in drivers].index(1)]
    assert "one driver at a time" in loser
    assert len(drive.starts_of(sweep)) == 30


POISON = {
    "segfault": ("lost", "Segmentation fault"),
    "memory": ("oom", "of 700 MiB allowed"),
    "hang": ("timeout", "hung"),
    "raise": ("failed", "always raises"),
    "kill": ("lost", "killed"),
    "diverge": ("diverged", ""),
}


def poisoned(source: Path) -> Declaration:
    return declare(
        "poison",
        {"a": source},
        [
            {"mu": 1, "rank": 3, "behaviour": list(POISON)},
            {"mu": {"range": [2, 13, 1]}, "rank": 3, "sleep": 0.02},
        ],
        run={
            # Long: on a busy machine no other trial must take as much.
            "memory": "700MiB", "trial_timeout": 15, "hang_grace": 10,
            "retries": {"lost": 1, "oom": 0, "timeout": 0},
        },
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_poison_trials_are_isolated_and_their_causes_named(
    source: Path, tmp_path: Path
) -> None:
    sweep = tmp_path / "s"
    report = run(poisoned(source), sweep, executor="local", workers=2)
    assert report.exit_code == 1
    view = SweepView(sweep)
    states = view.states()
    ids = {behaviour: _id_of(view, behaviour) for behaviour in POISON}
    found = {behaviour: states[trial_id] for behaviour, trial_id in ids.items()}
    assert found == {behaviour: state for behaviour, (state, _) in POISON.items()}
    for behaviour, (_, message) in POISON.items():
        assert message in (view.histories[ids[behaviour]].message or "")
    innocent = [t for t in view.plan.trials if "behaviour" not in t.settings]
    assert all(states[t.id] == "done" for t in innocent)
    assert all(not view.histories[t.id].counted() for t in innocent)
    assert "misbehave" in view.histories[ids["hang"]].last.traceback
    retried = retry(sweep, states=["failed"])
    assert [t.settings["behaviour"] for t in retried] == ["raise"]


def _id_of(view: SweepView, behaviour: str) -> str:
    found = [t for t in view.plan.trials if t.settings.get("behaviour") == behaviour]
    return found[0].id
