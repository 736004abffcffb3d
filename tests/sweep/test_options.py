"""Options of a run: one check for TOML, Python and the command line."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from hifred.errors import SettingsError
from hifred.settings import ByteSize
from hifred.sweep.driver.run import run_sweep
from hifred.sweep.plan.declaration import Declaration, declare
from hifred.sweep.plan.options import Retries, RunOptions, read_options
from hifred.sweep.worker.guard import memory_guard
from tests.sweep.stub_kernels import StubKernel

WRONG = [
    ({"threads": 0}, "threads must be a whole number >= 1; got 0"),
    ({"retries": 3}, "retries must be a table; got 3. Write, say, retries = {"),
    ({"early_stop": "yes"}, "early_stop must be true or false; got 'yes'"),
    ({"cubes": 3}, "cubes must be 'all', 'none', 'auto' or 'top=N'; got 3"),
    ({"cubes": "top=many"}, "cubes must be 'all', 'none', 'auto' or 'top=N'"),
    ({"trial_timeout": True}, "trial_timeout must be a time in seconds"),
    ({"checkpoint_every": -1}, "checkpoint_every must be a time in seconds"),
    ({"memory": -1}, "memory must be a size such as '4GiB'; got -1"),
    ({"memory": "4B"}, "memory must be from 1MiB to 1024TiB; got 4B"),
    ({"memory": "-4GiB"}, "memory must be a size such as '4GiB'; got '-4GiB'"),
    ({"memory": "9999TiB"}, "memory must be from 1MiB to 1024TiB; got 9999TiB"),
    ({"memory": "1e30GiB"}, "memory must be a size such as '4GiB'; got '1e30GiB'"),
    ({"memory": 1e300}, "memory must be a size such as '4GiB'; got 1e+300"),
    ({"memory": float("inf")}, "memory must be a size such as '4GiB'; got inf"),
    ({"wrokers": 2}, "'wrokers'; did you mean 'workers'?"),
    ({"retries": {"lots": 1}}, "'lots'; did you mean 'lost'?"),
    ({"workers": 1.5}, "workers must be a whole number >= 1; got 1.5"),
]  # fmt: skip


@pytest.mark.parametrize(("table", "message"), WRONG)
def test_wrong_options_are_told_with_their_table(table: dict, message: str) -> None:
    with pytest.raises(SettingsError) as told:
        read_options(table, "sweep.toml")
    assert message in str(told.value)
    assert "run" in str(told.value)
    assert "sweep.toml" in str(told.value)


@pytest.mark.parametrize(("changes", "message"), WRONG)
def test_a_run_refuses_them_before_it_begins(
    changes: dict, message: str, declaration: Declaration, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError) as told:
        run_sweep(declaration, directory=tmp_path / "s", executor="inline", **changes)
    assert message in str(told.value)
    assert not (tmp_path / "s").exists()


def test_memory_is_one_size_however_it_is_given() -> None:
    assert read_options({"memory": "4GiB"}).memory == ByteSize.of_gib(4)
    assert RunOptions(memory="4GiB") == read_options({"memory": "4096MiB"})
    with pytest.warns(FutureWarning, match="read as MiB: write memory = '4GiB'"):
        assert read_options({"memory": 4096.0}).memory == ByteSize.of_gib(4)


def test_times_may_be_spelt() -> None:
    found = read_options({"trial_timeout": "1h 30min", "checkpoint_every": "00:02:00"})
    assert (found.trial_timeout, found.checkpoint_every) == (5400.0, 120.0)


def test_options_are_changed_by_name() -> None:
    declared = RunOptions(trial_timeout=5, workers=2)
    assert declared.changed({"trial_timeout": None}) == RunOptions(workers=2)
    assert declared.changed({"retries": {"lost": 1}}).retries == Retries(lost=1)
    assert replace(declared, memory="1GiB").memory == 2**30


def test_a_memory_given_in_python_is_guarded(source: Path, tmp_path: Path) -> None:
    """It was a text that the guard compared with a number, and died of."""
    grid = {"mu": 1, "rank": 3, "behaviour": "hang"}
    report = run_sweep(
        declare("s", {"a": source}, grid), directory=tmp_path / "s",
        kernel=StubKernel(), workers=1, memory="1MiB", retries={"oom": 0, "timeout": 0},
        trial_timeout=20, hang_grace=1,
    )  # fmt: skip
    assert report.snapshot.counts["oom"] == 1
    ((message, _),) = report.snapshot.errors
    assert "of 1 MiB allowed" in message


def test_the_guard_watches_a_size(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[ByteSize] = []
    ended: list[int] = []
    monkeypatch.setattr("os._exit", ended.append)
    with memory_guard(ByteSize.of_mib(1), found.append):
        until = time.monotonic() + 5
        while not ended and time.monotonic() < until:
            time.sleep(0.05)
    assert found[0].mib > 1
    assert ended[0] == 137
