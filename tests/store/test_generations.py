"""Readers of collected results: undisturbed, or told; never a NaN for an absence."""

import json
import multiprocessing
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from hifred.errors import HifredError, SchemaError
from hifred.store.collected import (
    Selection,
    kept_order,
    known_records,
    write_generation,
)
from hifred.store.generations import (
    current_generation,
    old_generations,
    remove_generation,
)
from hifred.store.results import open_results
from hifred.store.trial_file import publish_trial, trial_path
from hifred.store.trial_row import TrialRow
from hifred.store.whole_store import MissingResultsError
from hifred.sweep.record.layout import SweepDirectory
from hifred.sweep.watch.upkeep import Findings, _check_results, _repair

SHAPE = (2, 3, 4)


def flux(number: int) -> xr.DataArray:
    values = np.full(SHAPE, 1.0 + number, np.float32)
    attrs = {"units": "photon cm-2 s-1", "long_name": "flux"}
    return xr.DataArray(values, dims=("energy", "y", "x"), attrs=attrs)


def collect(root: Path, n_trials: int) -> Path:
    """Collect the first trials of a sweep that grows."""
    rows = []
    for number in range(n_trials):
        trial_id = f"{number:012x}"
        path = trial_path(root, trial_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            publish_trial(path, flux(number).to_dataset(name="flux"), {"n": number})
        measures = {"nmse_db": {"value": float(number), "attrs": {"units": "dB"}}}
        grid = {"shape": SHAPE, "digest": "abcd"}
        about = {"measures": measures, "grid": grid}
        rows.append(
            TrialRow(trial_id, "a", {"mu": float(number)}, 1, "done", "", about)
        )
    chosen = Selection("all", 0, frozenset(row.trial_id for row in rows))
    return write_generation(root, rows, chosen, {"name": "s"})[0]


def open_plainly(generation: Path) -> xr.Dataset:
    return xr.open_zarr(generation, group="cubes/a", chunks=None)


def _read_until(path: Path, stop, faults) -> None:
    table, cubes = xr.open_zarr(path, chunks=None), open_plainly(path)
    while not stop.is_set():
        both = table["nmse_db"].to_numpy(), cubes["flux"].to_numpy()
        if any(np.isnan(values).any() for values in both):
            faults.put("NaN")
            return


@pytest.mark.parametrize(
    ("n_readers", "n_collects"),
    [(1, 5), pytest.param(4, 50, marks=pytest.mark.drill)],
)
def test_readers_are_not_disturbed_by_any_number_of_collects(
    tmp_path: Path, n_readers: int, n_collects: int
) -> None:
    (tmp_path / "results").mkdir()
    held = collect(tmp_path, 2)
    results = open_results(tmp_path)
    context = multiprocessing.get_context("fork")
    stop, faults = context.Event(), context.Queue()
    readers = [
        context.Process(target=_read_until, args=(held, stop, faults))
        for _ in range(n_readers)
    ]
    for reader in readers:
        reader.start()
    for n_trials in range(3, 3 + n_collects):
        collect(tmp_path, n_trials)
    stop.set()
    for reader in readers:
        reader.join(20)
        assert reader.exitcode == 0
    assert faults.empty()
    assert results.table()["nmse_db"].tolist() == [0.0, 1.0]
    assert float(results.cubes("a")["flux"].max()) == 2.0


def test_a_removed_generation_raises_and_never_gives_nan(tmp_path: Path) -> None:
    held = collect(tmp_path, 2)
    table, cubes = xr.open_zarr(held, chunks=None), open_plainly(held)
    results = open_results(tmp_path)
    ours = results.cubes("a")
    current = collect(tmp_path, 3)
    assert old_generations(tmp_path / "results") == [held]
    remove_generation(held)
    assert old_generations(tmp_path / "results") == []
    for values in (table["nmse_db"], table["status"], cubes["flux"]):
        with pytest.raises((RuntimeError, ValueError)):
            values.to_numpy()
    for read in (results.table, ours["flux"].to_numpy):
        with pytest.raises(MissingResultsError, match="open the results again"):
            read()
    assert not np.isnan(open_plainly(current)["flux"].to_numpy()).any()


def test_a_missing_shard_raises_and_is_collected_anew(tmp_path: Path) -> None:
    first = collect(tmp_path, 3)
    (first / "cubes/a/flux/c/0/0/0/0").unlink()
    with pytest.raises(MissingResultsError, match=r"flux/c/0/0/0/0 must be there"):
        open_results(tmp_path).cubes("a")["flux"].to_numpy()
    assert known_records(tmp_path / "results") == {}
    second = collect(tmp_path, 3)
    assert second != first
    assert not np.isnan(open_plainly(second)["flux"].to_numpy()).any()


def test_a_missing_state_is_no_empty_table(tmp_path: Path) -> None:
    generation = collect(tmp_path, 3)
    (generation / "status/c/0").unlink()
    with pytest.raises(MissingResultsError, match="hifred verify"):
        open_results(tmp_path).best("nmse_db")


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (Path.unlink, "it is missing"),
        (lambda path: path.write_bytes(b"x"), "it must have"),
        (lambda path: _flip(path), "its checksum does not match"),
    ],
)
def test_damage_is_found_and_repaired(tmp_path: Path, damage, why: str) -> None:
    first = collect(tmp_path, 3)
    damage(first / "nmse_db/c/0")
    directory, findings = SweepDirectory(tmp_path), Findings()
    _check_results(findings, directory)
    ((name, reason),) = findings.damaged.items()
    assert name == "results/gen-000001.zarr/nmse_db/c/0"
    assert reason.startswith(why)
    _repair(findings, directory)
    assert findings.is_clean
    assert current_generation(tmp_path / "results") is None
    collect(tmp_path, 3)
    again = Findings()
    _check_results(again, directory)
    assert again.is_clean
    assert open_results(tmp_path).table()["nmse_db"].tolist() == [0.0, 1.0, 2.0]


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.unlink()
    path.write_bytes(content)


def test_a_store_that_is_cut_is_told(tmp_path: Path) -> None:
    generation = collect(tmp_path, 2)
    about = generation / "zarr.json"
    about.write_text(about.read_text()[:100])
    with pytest.raises(SchemaError, match=r"its zarr\.json cannot be read"):
        open_results(tmp_path)
    assert len(open_results(collect(tmp_path, 2)).table()) == 2


@pytest.mark.parametrize("version", [99, 0, "2", None])
def test_a_store_of_a_version_to_come_is_not_guessed_at(
    tmp_path: Path, version: object
) -> None:
    generation = collect(tmp_path, 2)
    about = generation / "zarr.json"
    told = json.loads(about.read_text())
    told["attributes"]["schema_version"] = version
    about.write_text(json.dumps(told))
    with pytest.raises(SchemaError, match="must have a schema version of 1 to 2; got"):
        open_results(tmp_path)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"", b"../../etc"])
def test_what_is_no_name_of_a_generation_is_told(
    tmp_path: Path, content: bytes
) -> None:
    collect(tmp_path, 2)
    (tmp_path / "results" / "CURRENT").write_bytes(content)
    with pytest.raises(HifredError, match="must name a generation beside it"):
        open_results(tmp_path)


@pytest.mark.parametrize("content", ["{", "[1, 2]", '{"zarr.json": 3}', "3"])
def test_checksums_that_cannot_be_read_are_told(tmp_path: Path, content: str) -> None:
    generation = collect(tmp_path, 2)
    generation.with_suffix(".checksums.json").write_text(content)
    findings = Findings()
    _check_results(findings, SweepDirectory(tmp_path))
    (why,) = findings.damaged.values()
    assert why == f"its checksums, {generation.stem}.checksums.json, cannot be read"


def test_a_store_of_an_earlier_version_stays_readable(tmp_path: Path) -> None:
    old = tmp_path / "results" / "gen-000001.zarr"
    table = xr.Dataset(
        {"status": ("trial", np.array([3], np.uint8)), "nmse_db": ("trial", [np.nan])},
        coords={"trial": ["a" * 12], "model": ("trial", ["m"])},
        attrs={"schema": "hifred-results", "schema_version": 1, "cube_groups": {}},
    )
    table.to_zarr(old, zarr_format=3, consolidated=True)
    (tmp_path / "results/CURRENT").write_text("gen-000001.zarr\n")
    assert open_results(tmp_path).table()["status"].tolist() == ["done"]
    findings = Findings()
    _check_results(findings, SweepDirectory(tmp_path))
    assert findings.is_clean


class CountedId(str):
    """An id that counts how often it is looked up."""

    n_hashes = 0

    def __hash__(self) -> int:
        CountedId.n_hashes += 1
        return super().__hash__()


def test_the_order_of_many_trials_is_linear_work() -> None:
    ids = [CountedId(f"{number:012x}") for number in range(500)]
    assert kept_order(ids[300:100:-1], ids) == [
        *ids[300:100:-1],
        *ids[:101],
        *ids[301:],
    ]
    assert CountedId.n_hashes < 10 * len(ids)
