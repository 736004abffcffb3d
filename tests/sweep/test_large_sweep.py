"""Ten thousand trials: what the engine itself costs."""

import time
from pathlib import Path

import pytest
import xarray as xr

from hifred.store.results import open_results
from hifred.sweep.driver.run import run_sweep
from hifred.sweep.plan.declaration import declare
from hifred.sweep.plan.target import plan_sweep
from hifred.sweep.watch.collecting import collect
from hifred.sweep.watch.snapshot import snapshot
from tests.sweep.stub_kernels import StubKernel


class Clock:
    """Wall and CPU time of a block; the smaller: others share the machine."""

    def __enter__(self) -> "Clock":
        self._wall, self._cpu = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.wall = time.perf_counter() - self._wall
        self.cpu = time.process_time() - self._cpu


def run_many(source: Path, sweep: Path, n_trials: int, **choices) -> dict[str, Clock]:
    grid = {"mu": {"range": [1, n_trials // 10, 1]}, "rank": {"range": [1, 10, 1]}}
    declaration = declare("large", {"a": source}, grid)
    clocks = {name: Clock() for name in ("plan", "run", "status", "open", "collect")}
    with clocks["plan"]:
        plan_sweep(declaration, directory=sweep, kernel=StubKernel())
    with clocks["run"]:
        report = run_sweep(sweep, kernel=StubKernel(), **choices)
    assert report.snapshot.counts["done"] == n_trials
    with clocks["status"]:
        assert snapshot(sweep).counts["done"] == n_trials
    n_files = sum(1 for path in sweep.rglob("*") if path.is_file())
    with clocks["collect"]:
        path = collect(sweep).path
    with clocks["open"]:
        assert len(open_results(sweep).table()) == n_trials
        assert xr.open_zarr(path).sizes["trial"] == n_trials
    n_collected = sum(1 for path in sweep.rglob("*") if path.is_file())
    assert n_files <= 1.05 * n_trials + 50
    assert n_collected <= 1.1 * n_trials + 150
    for name, clock in clocks.items():
        print(f"{name}: wall {clock.wall:.2f} s, CPU {clock.cpu:.2f} s")  # noqa: T201
    return clocks


@pytest.mark.slow
def test_five_hundred_trials_cost_little(source: Path, tmp_path: Path) -> None:
    clocks = run_many(source, tmp_path / "s", 500, executor="inline")
    assert clocks["plan"].cpu < 1.0
    assert clocks["run"].cpu / 500 < 0.010
    assert clocks["status"].cpu < 0.3


@pytest.mark.drill
@pytest.mark.timeout(900)
@pytest.mark.parametrize("executor", ["inline", "local"])
def test_ten_thousand_trials_cost_little(
    source: Path, tmp_path: Path, executor: str
) -> None:
    clocks = run_many(source, tmp_path / "s", 10_000, executor=executor)
    assert clocks["plan"].cpu < 10
    assert clocks["run"].cpu / 10_000 < 0.010
    assert clocks["status"].cpu < 1
    assert clocks["open"].cpu < 1
