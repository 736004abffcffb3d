"""Kill anything at any time: nothing finished is lost, nothing invalid is left."""

import random
import subprocess
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from hifred.sweep.driver.run import run_sweep
from hifred.sweep.plan.declaration import Declaration, declare
from hifred.sweep.plan.options import read_options
from hifred.sweep.plan.plan import read_plan
from hifred.sweep.plan.target import plan_sweep
from hifred.sweep.record.layout import SweepDirectory
from hifred.sweep.watch.snapshot import snapshot
from tests.sweep import drive
from tests.sweep.stub_kernels import StubKernel


def many(source: Path, n_trials: int, **settings: object) -> Declaration:
    grid = {"mu": {"range": [1, n_trials, 1]}, "rank": 3, **settings}
    return declare("kill", {"a": source}, grid, run={"checkpoint_every": 0})


def kill_again_and_again(sweep: Path, declaration: Declaration, n_kills: int) -> None:
    rng = random.Random(7)

    def run() -> None:
        run_sweep(declaration, directory=sweep, kernel=StubKernel(), executor="inline")

    warm_up(sweep.with_name("warm"), declaration)
    done: set[str] = set()
    for i_kill in range(n_kills):
        # Every tenth at any time, planning included; the others while trials run, some
        # of them when one is done: a busy machine ends none in the time given below.
        known, n_begun = drive.logs_of(sweep), 1 + i_kill % 2
        begun = (lambda: True) if i_kill % 10 == 0 else (
            lambda known=known, n=n_begun: drive.n_started(sweep, known) >= n
        )  # fmt: skip
        drive.fork_and_kill(run, rng.uniform(0.0, 0.15), begun)
        if not (sweep / "plan.jsonl").exists():
            continue
        done = drive.assert_all_valid(sweep, done)
    before = set(drive.starts_of(sweep))
    assert len(before) > n_kills / 2
    assert done
    report = run_sweep(sweep, kernel=StubKernel(), executor="inline")
    assert report.exit_code == 0
    assert not {t for t, _ in set(drive.starts_of(sweep)) - before} & done
    planned = {trial.id for trial in read_plan(SweepDirectory(sweep)).trials}
    assert drive.assert_all_valid(sweep) == planned


def warm_up(sweep: Path, declaration: Declaration) -> None:
    """Do here, once, what the first trial of every child would do for half a second."""
    first = replace(declaration, grids=[{"mu": 1, "rank": 3, "n_steps": 2}])
    run_sweep(first, directory=sweep, kernel=StubKernel(), executor="inline")


@pytest.mark.slow
def test_twenty_kills_of_the_driver_lose_nothing(source: Path, tmp_path: Path) -> None:
    kill_again_and_again(tmp_path / "s", many(source, 40, n_steps=3, sleep=0.002), 20)


@pytest.mark.drill
def test_two_hundred_kills_of_the_driver_lose_nothing(
    source: Path, tmp_path: Path
) -> None:
    declaration = many(source, 1500, n_steps=3, sleep=0.002)
    kill_again_and_again(tmp_path / "s", declaration, 200)


@pytest.mark.drill
@pytest.mark.timeout(900)
def test_two_hundred_kills_of_workers_drivers_and_both_lose_nothing(
    source: Path, tmp_path: Path
) -> None:
    sweep = tmp_path / "s"
    declaration = many(source, 3000, n_steps=3, sleep=0.005)
    limits = {"checkpoint_every": 0, "retries": {"lost": 1000}}
    declaration = replace(declaration, run=read_options(limits))
    plan_sweep(declaration, directory=sweep, kernel=StubKernel())
    rng, done = random.Random(3), set()
    kills: Counter[str] = Counter()
    # Starting a driver takes seconds: most kills are of its workers, then of itself.
    for last in ["driver", "both"] * 5:
        driver = drive.start(sweep, "workers=3", "hurry=1")
        killed: set[int] = set()
        for _ in range(19):
            killed.add(kill_a_worker(sweep, driver, killed, rng))
            done = drive.assert_all_valid(sweep, done)
        kills["worker"] += len(killed)
        wait_for(lambda d=driver, k=killed: drive.at_work(sweep, d) - k)
        assert driver.poll() is None, driver.communicate()
        if last == "both":
            drive.kill_group(driver)
        else:
            drive.kill(driver.pid)
            driver.wait()
        kills[last] += 1
        done = drive.assert_all_valid(sweep, done)
    assert kills == {"worker": 190, "driver": 5, "both": 5}
    starts = set(drive.starts_of(sweep))
    assert len({trial for trial, _ in starts}) > 200
    assert done
    report = run_sweep(sweep, kernel=StubKernel(), executor="inline")
    assert report.exit_code == 0
    assert not {t for t, _ in set(drive.starts_of(sweep)) - starts} & done
    assert len(drive.assert_all_valid(sweep)) == 3000


def kill_a_worker(
    sweep: Path, driver: subprocess.Popen[str], killed: set[int], rng: random.Random
) -> int:
    """Kill a worker a moment after it has begun a trial; return which."""
    found: set[int] = set()
    wait_for(lambda: found.update(drive.at_work(sweep, driver) - killed) or found)
    time.sleep(rng.uniform(0.0, 0.1))
    pid = rng.choice(sorted(found))
    drive.kill(pid)
    return pid


@pytest.mark.slow
def test_a_killed_worker_is_replaced_and_a_killed_driver_resumed(
    source: Path, tmp_path: Path
) -> None:
    sweep = tmp_path / "s"
    declaration = many(source, 16, n_steps=4, sleep=0.1)
    plan_sweep(declaration, directory=sweep, kernel=StubKernel())
    driver = drive.start(sweep, "workers=2")
    n_done = lambda: len(SweepDirectory(sweep).published())  # noqa: E731
    wait_for(lambda: n_done() >= 2)
    drive.kill(drive.workers_of(driver)[0].pid)
    wait_for(lambda: n_done() >= 8)
    workers = drive.workers_of(driver)
    drive.kill(driver.pid)
    driver.wait()
    wait_for(lambda: not any(worker.is_running() for worker in workers))
    done = drive.assert_all_valid(sweep)
    starts = set(drive.starts_of(sweep))
    assert snapshot(sweep).driver is None
    report = run_sweep(sweep, kernel=StubKernel(), executor="inline")
    assert report.exit_code == 0
    assert not {t for t, _ in set(drive.starts_of(sweep)) - starts} & done


@pytest.mark.drill
def test_a_signal_lets_running_trials_save_and_stop(
    source: Path, tmp_path: Path
) -> None:
    sweep = tmp_path / "s"
    declaration = many(source, 6, n_steps=100, sleep=0.1)
    plan_sweep(declaration, directory=sweep, kernel=StubKernel())
    driver = drive.start(sweep, "workers=2", "progress_every=0.2")
    wait_for(lambda: len(list((sweep / "checkpoints").glob("*.npz"))) >= 2)
    driver.terminate()
    output, _ = driver.communicate(timeout=60)
    assert driver.returncode == 3, output
    assert "stopped by SIGTERM" in output
    assert len(list((sweep / "checkpoints").glob("*.npz"))) >= 2
    assert snapshot(sweep).counts["pending"] == 6


def wait_for(condition, seconds: float = 60.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.05)
