"""A search computes some trials of the grid, goes on after anything, finds the best."""

import functools
import math
import random
from pathlib import Path

import pytest
import xarray as xr

pytest.importorskip("optuna")

from hifred.errors import HifredError
from hifred.sweep.driver.run import run_sweep
from hifred.sweep.driver.tuning import TuneReport, tune_sweep
from hifred.sweep.plan.declaration import Declaration, declare
from hifred.sweep.plan.grid_search import Search
from hifred.sweep.watch.commands import cancel
from hifred.sweep.watch.listing import list_rows
from hifred.sweep.watch.snapshot import snapshot
from tests.sweep import drive
from tests.sweep.stub_kernels import StubAttempt, StubKernel


class HillAttempt(StubAttempt):
    """Has one best strength and rank."""

    def result(self) -> xr.Dataset:
        found = super().result()
        distance = math.log10(self.settings["mu"]) + 4.6
        ranks = math.log(self.settings["rank"] / 20)
        nmse = 21.0 - 1.2 * distance**2 - 0.9 * ranks**2
        return found.assign(nmse_db=((), nmse, found.nmse_db.attrs))


class HillKernel(StubKernel):
    """Trials whose score is smooth over the grid."""

    def begin(self, input_path, settings, state, initial=None):
        return HillAttempt(input_path, settings, state, initial)


@pytest.fixture
def declaration(source: Path) -> Declaration:
    grid = {"mu": {"logspace": [1e-6, 1e-3, 10]}, "rank": [5, 10, 20, 40]}
    return declare("hill", {"a": source}, grid)


def tune(target: Declaration | Path, root: Path, **search: object) -> TuneReport:
    return tune_sweep(
        target, Search(**search),
        directory=root, executor="inline", kernel=HillKernel(),
    )  # fmt: skip


def test_a_search_leaves_the_rest_for_a_run(
    declaration: Declaration, tmp_path: Path
) -> None:
    root = tmp_path / "s"
    report = tune(declaration, root)
    assert (report.n_run, report.n_done, report.n_declared) == (10, 10, 40)
    assert (report.by, report.exit_code) == ("nmse_db", 0)
    assert snapshot(root).counts["done"] == 10
    assert snapshot(root).counts["pending"] == 30
    after = run_sweep(root, executor="inline", kernel=HillKernel())
    assert (after.n_run, after.exit_code) == (30, 0)
    rows = list_rows(root, columns=["nmse_db"])
    best = max(float(row["nmse_db"]) for row in rows)
    assert report.scores["a"] > best - 0.35


def test_a_search_goes_on_from_what_is_done(
    declaration: Declaration, tmp_path: Path
) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    whole = tune(declaration, one, trials=9)
    assert tune(declaration, other, trials=4).n_done == 4
    again = tune(other, other, trials=9)
    assert (again.n_run, again.n_done) == (5, 9)
    done = [{r["id"] for r in list_rows(p, states=["done"])} for p in (one, other)]
    assert done[0] == done[1]
    assert again.best == whole.best
    assert tune(other, other, trials=9).n_run == 0


def kill_a_search_again_and_again(source: Path, folder: Path, n_kills: int) -> None:
    trials = n_kills + 2  # a search that lives for 0.1 s ends about one
    grid = {"mu": {"logspace": [1e-6, 1e-3, trials]}, "rank": [5, 20]}
    steps = {"n_steps": 5, "sleep": 0.004}
    declared = declare("hill", {"a": source}, grid | steps, run={"checkpoint_every": 0})
    whole = tune(declared, folder / "whole", trials=trials)
    root, rng = folder / "killed", random.Random(5)
    done: set[str] = set()
    for _ in range(n_kills):
        begun = functools.partial(has_begun, root, drive.logs_of(root))
        drive.fork_and_kill(
            lambda: tune(declared, root, trials=trials), rng.uniform(0.0, 0.1), begun
        )
        done = drive.assert_all_valid(root, done)
    assert done
    again = tune(declared, root, trials=trials)
    assert again.n_run == whole.n_done - len(done)
    assert (again.best, again.scores) == (whole.best, whole.scores)
    assert drive.assert_all_valid(root) == drive.assert_all_valid(folder / "whole")


def has_begun(root: Path, known: set[Path]) -> bool:
    return drive.n_started(root, known) > 0


@pytest.mark.slow
def test_a_search_that_is_killed_ends_as_one_that_is_not(
    source: Path, tmp_path: Path
) -> None:
    kill_a_search_again_and_again(source, tmp_path, 6)


@pytest.mark.drill
@pytest.mark.timeout(900)
def test_a_search_that_is_killed_fifty_times_ends_as_one_that_is_not(
    source: Path, tmp_path: Path
) -> None:
    kill_a_search_again_and_again(source, tmp_path, 50)


def test_a_search_goes_on_with_what_was_begun(
    declaration: Declaration, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "s"
    tune(declaration, root, trials=3)
    step, begun = StubAttempt.step, []

    def killed(self: StubAttempt):
        begun.append((self.settings["mu"], self.settings["rank"]))
        raise KeyboardInterrupt

    monkeypatch.setattr(StubAttempt, "step", killed)
    with pytest.raises(KeyboardInterrupt):
        tune(declaration, root, trials=9, search_seed=1)
    monkeypatch.setattr(StubAttempt, "step", step)
    assert tune(declaration, root, trials=4, search_seed=2).n_run == 1
    rows = list_rows(root, states=["done"], columns=["mu", "rank"])
    assert begun[0] in [(row["mu"], row["rank"]) for row in rows]


def test_a_search_that_goes_on_counts_what_failed(source: Path, tmp_path: Path) -> None:
    grid = {"mu": {"logspace": [1e-6, 1e-3, 6]}, "rank": [5, 10], "behaviour": "raise"}
    declared = declare("bad", {"a": source}, grid)
    assert tune(declared, tmp_path / "s", trials=2).n_run == 2
    assert tune(declared, tmp_path / "s", trials=3).n_run == 1
    assert tune(declared, tmp_path / "s", trials=3).n_run == 0


def test_a_search_leaves_out_what_was_cancelled(
    declaration: Declaration, tmp_path: Path
) -> None:
    root = tmp_path / "s"
    tune(declaration, root, trials=2)
    cancel(root, where="rank > 5")
    report = tune(declaration, root, trials=5)
    assert (report.n_run, report.n_done) == (3, 5)


def test_trials_that_fail_use_up_the_search_and_are_told(
    source: Path, tmp_path: Path
) -> None:
    grid = {"mu": {"logspace": [1e-6, 1e-3, 6]}, "rank": [5, 10], "behaviour": "raise"}
    report = tune(declare("bad", {"a": source}, grid), tmp_path / "s", trials=3)
    assert (report.n_run, report.exit_code) == (3, 1)
    assert (report.by, report.best) == (None, {})


def test_each_model_has_a_search_of_its_own(source: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.bin"
    other.write_bytes(b"counts of another stub")
    grid = {"mu": {"logspace": [1e-6, 1e-3, 6]}, "rank": [5, 10, 20]}
    declared = declare("two", {"a": source, "b": other}, grid)
    report = tune(declared, tmp_path / "s", trials=4)
    assert set(report.best) == {"a", "b"}
    assert report.n_done == 8


@pytest.mark.parametrize(
    ("search", "message"),
    [
        ({"by": "held_out"}, "held_out_error"),
        ({"by": "nmse"}, "did you mean 'nmse_db'"),
        ({"trials": 0}, "trials"),
        ({"trials": True}, "trials"),
    ],
)
def test_a_wrong_search_is_told(
    declaration: Declaration, tmp_path: Path, search: dict, message: str
) -> None:
    with pytest.raises(HifredError, match=message):
        tune(declaration, tmp_path / "s", **search)


def test_chains_are_refused(source: Path, tmp_path: Path) -> None:
    grid = {"mu": [0.1, 0.2, 0.3], "rank": 3, "warm_start": "mu"}
    with pytest.raises(HifredError, match="Leave warm_start out"):
        tune(declare("chain", {"a": source}, grid), tmp_path / "s")
