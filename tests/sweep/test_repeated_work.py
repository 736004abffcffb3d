"""A kill costs at most one checkpoint interval of every trial that was running."""

import math
import random
import time
from collections import defaultdict
from pathlib import Path

import pytest

from hifred.store import open_trial
from hifred.sweep.driver.run import run_sweep
from hifred.sweep.plan.declaration import Declaration, declare
from hifred.sweep.plan.target import plan_sweep
from hifred.sweep.record.layout import SweepDirectory
from tests.sweep import drive
from tests.sweep.stub_kernels import StubKernel
from tests.sweep.test_kill_drills import wait_for


def ledgered(source: Path, ledger: Path, **settings: object) -> Declaration:
    """Return two long trials that note every iteration when it is done."""
    grid = {"mu": [1, 2], "rank": 3, "ledger": str(ledger), **settings}
    return declare("repeat", {"a": source}, grid)


def repeated(ledger: Path) -> dict[str, list[int]]:
    """Return how many iterations each new attempt of each trial did once more."""
    last: dict[str, int] = defaultdict(int)
    found: dict[str, list[int]] = defaultdict(list)
    for line in ledger.read_text().splitlines():
        mu, number = line.split()
        if int(number) <= last[mu]:
            found[mu].append(last[mu] - int(number) + 1)
        else:
            assert int(number) == last[mu] + 1, "an iteration is missing"
        last[mu] = int(number)
    return found


def cubes(sweep: Path) -> dict[str, bytes]:
    found = {}
    for name in SweepDirectory(sweep).published():
        with open_trial(SweepDirectory(sweep).trial(name)) as trial:
            found[name] = trial.flux.values.tobytes()
    return found


@pytest.mark.slow
def test_a_killed_sweep_repeats_at_most_one_interval(
    source: Path, tmp_path: Path
) -> None:
    # A step takes its sleep at least: no load can put more steps into an interval.
    sleep, interval = 0.01, 0.1
    sweep, ledger = tmp_path / "s", tmp_path / "ledger"
    declaration = ledgered(source, ledger, n_steps=60, sleep=sleep)
    plan_sweep(declaration, directory=sweep, kernel=StubKernel())
    choices = {"kernel": StubKernel(), "executor": "inline"}
    rng = random.Random(5)
    for _ in range(8):
        known = drive.logs_of(sweep)
        drive.fork_and_kill(
            lambda: run_sweep(sweep, checkpoint_every=interval, **choices),
            rng.uniform(0.1, 0.6),
            lambda known=known: drive.n_started(sweep, known) > 0,
        )
    assert run_sweep(sweep, **choices).exit_code == 0
    times = [number for found in repeated(ledger).values() for number in found]
    assert times
    assert max(times) <= math.ceil(interval / sleep)


@pytest.mark.drill
@pytest.mark.timeout(300)
@pytest.mark.parametrize("victim", ["worker", "all"])
def test_killed_workers_repeat_at_most_one_interval(
    source: Path, tmp_path: Path, victim: str
) -> None:
    sleep, interval = 0.03, 0.6
    sweep, ledger = tmp_path / "s", tmp_path / "ledger"
    plan_sweep(
        ledgered(source, ledger, n_steps=150, sleep=sleep),
        directory=sweep,
        kernel=StubKernel(),
    )
    words = ("workers=2", f"checkpoint_every={interval}", "progress_every=0.1")
    rng, driver = random.Random(6), drive.start(sweep, *words)
    killed: set[int] = set()
    for _ in range(3):
        wait_for(lambda driver=driver: drive.at_work(sweep, driver) - killed)
        time.sleep(rng.uniform(0.7, 1.5))
        if victim == "all":
            drive.kill_group(driver)
            driver = drive.start(sweep, *words)
            continue
        pid = rng.choice(sorted(drive.at_work(sweep, driver) - killed))
        drive.kill(pid)
        killed.add(pid)
    output, _ = driver.communicate(timeout=120)
    assert driver.returncode == 0, output
    times = [number for found in repeated(ledger).values() for number in found]
    assert times
    assert max(times) <= math.ceil(interval / sleep)
    straight = ledgered(source, ledger, n_steps=150)
    assert_same_cubes(straight, sweep, tmp_path / "straight")


def assert_same_cubes(declaration: Declaration, sweep: Path, straight: Path) -> None:
    choices = {"kernel": StubKernel(), "executor": "inline"}
    assert run_sweep(declaration, directory=straight, **choices).exit_code == 0
    assert sorted(cubes(sweep).values()) == sorted(cubes(straight).values())
