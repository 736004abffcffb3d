"""Collecting: incremental, idempotent, one step from old to new."""

import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from hifred.errors import HifredError
from hifred.store import cube_shards
from hifred.store.sealed_zip import open_sealed, write_sealed
from hifred.store.trial_file import open_trial
from hifred.store.trial_row import STATUS_FLAGS
from hifred.sweep.driver.run import run_sweep
from hifred.sweep.plan.declaration import Declaration, declare
from hifred.sweep.plan.plan import read_plan
from hifred.sweep.record.layout import SweepDirectory
from hifred.sweep.watch.collecting import collect
from hifred.sweep.watch.upkeep import verify
from tests.sweep.stub_kernels import StubKernel


def run(declaration: Declaration, sweep: Path) -> Path:
    run_sweep(declaration, directory=sweep, kernel=StubKernel(), executor="inline")
    return sweep


def grid_of(source: Path, n_trials: int, **settings: object) -> Declaration:
    grid = {"mu": {"range": [1, n_trials, 1]}, "rank": 3, **settings}
    return declare("c", {"a": source}, grid)


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("collect")
    (folder / "o.bin").write_bytes(b"counts")
    declaration = declare(
        "c",
        {"a": folder / "o.bin"},
        [
            {"regularizer": "lrs", "mu": [0.1, 0.2], "rank": [1, 2, 3]},
            {"regularizer": "w2d1d", "mu": [0.5, 1.0]},
            {"regularizer": "low_rank", "rank": 2, "behaviour": "raise"},
        ],
    )
    return run(declaration, folder / "s")


def test_plain_xarray_opens_the_results(sweep: Path) -> None:
    report = collect(sweep)
    found = xr.open_zarr(report.path)
    assert found.sizes == {"trial": 9}
    assert {"model", "regularizer", "mu", "rank", "seed"} <= set(found.coords)
    assert found.nmse_db.attrs == {
        "units": "dB", "long_name": "NMSE", "direction": "higher",
    }  # fmt: skip
    assert all("units" in found[name].attrs for name in found.variables)
    assert all("long_name" in found[name].attrs for name in found.variables)
    assert "packages" in found.attrs["collected_by"]
    cubes = xr.open_zarr(report.path, group="cubes/a")
    assert cubes.flux.dims == ("trial", "energy", "y", "x")
    assert cubes.flux.attrs["units"] == "photon cm-2 s-1"
    assert cubes.energy.attrs["units"] == "keV"
    assert cubes.sizes["trial"] == 8


def test_the_status_has_cf_flags_and_nan_does_not_mean_missing(sweep: Path) -> None:
    found = xr.open_zarr(collect(sweep).path)
    status = found.status
    assert status.dtype == np.uint8
    meanings = status.attrs["flag_meanings"].split()
    flags = dict(zip(meanings, status.attrs["flag_values"], strict=True))
    assert flags == STATUS_FLAGS
    failed = found.isel(trial=8)
    assert failed.status == flags["failed"]
    assert str(failed.message.values) == "RuntimeError: this trial always raises"


def test_cubes_are_those_of_the_trials(sweep: Path) -> None:
    cubes = xr.open_zarr(collect(sweep).path, group="cubes/a")
    directory = SweepDirectory(sweep)
    for name in cubes.trial.values:
        with open_trial(directory.trial(str(name))) as trial:
            one = cubes.sel(trial=name)
            assert one.flux.values.tobytes() == trial.flux.values.tobytes()
            np.testing.assert_array_equal(one.sam, trial.sam)
            assert float(one.mu) == trial.attrs["record"]["settings"]["mu"]


def test_collecting_twice_writes_nothing(sweep: Path) -> None:
    first, second = collect(sweep), collect(sweep)
    assert (second.path, second.is_new) == (first.path, False)


@pytest.mark.parametrize(("cubes", "expected"), [("none", 0), ("top=3", 3), ("all", 8)])
def test_cubes_are_optional(sweep: Path, cubes: str, expected: int) -> None:
    report = collect(sweep, cubes=cubes)
    assert report.n_cubes == expected
    attrs = xr.open_zarr(report.path).attrs
    assert sum(attrs["cube_groups"].values()) == expected


def test_top_takes_the_best(sweep: Path) -> None:
    report = collect(sweep, cubes="top=2", by="nmse_db")
    table = xr.open_zarr(report.path).load()
    ranked = table.nmse_db.to_series().sort_values(ascending=False)
    cubes = xr.open_zarr(report.path, group="cubes/a")
    assert set(cubes.trial.values) == set(ranked.index[:2])


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"cubes": "best"}, "all, none, auto or top=N"),
        ({"cubes": "top=2", "by": "nmse"}, "did you mean 'nmse_db'"),
    ],
)
def test_mistakes_are_told(sweep: Path, choice: dict, message: str) -> None:
    with pytest.raises(HifredError, match=message):
        collect(sweep, **choice)


def test_a_new_generation_links_the_shards_that_have_not_changed(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cube_shards, "MAX_TRIALS_PER_SHARD", 3)
    sweep = run(grid_of(source, 7), tmp_path / "s")
    first = collect(sweep, cubes="all").path
    run(grid_of(source, 10), sweep)
    second = collect(sweep, cubes="all").path
    shard = "cubes/a/flux/c/{}/0/0/0"
    for number, linked in ((0, True), (1, True), (2, False)):
        same = (first / shard.format(number)).stat().st_ino == (
            second / shard.format(number)
        ).stat().st_ino
        assert same is linked
    cubes = xr.open_zarr(second, group="cubes/a")
    assert cubes.sizes["trial"] == 10
    directory = SweepDirectory(sweep)
    for name in cubes.trial.values:
        with open_trial(directory.trial(str(name))) as trial:
            np.testing.assert_array_equal(cubes.sel(trial=name).flux, trial.flux)


def test_a_reader_keeps_the_generation_it_opened(source: Path, tmp_path: Path) -> None:
    sweep = run(grid_of(source, 2), tmp_path / "s")
    before = xr.open_zarr(collect(sweep).path, group="cubes/a")
    run(grid_of(source, 4), sweep)
    collect(sweep)
    assert before.flux.load().sizes["trial"] == 2


def test_leftovers_go_and_generations_stay(source: Path, tmp_path: Path) -> None:
    sweep = tmp_path / "s"
    for n_trials in (1, 2, 3, 4):
        run(grid_of(source, n_trials), sweep)
        (sweep / "results").mkdir(exist_ok=True)
        (sweep / "results" / ".part-dead").mkdir(exist_ok=True)
        collect(sweep)
    names = sorted(p.name for p in (sweep / "results").iterdir())
    assert [n for n in names if n.endswith(".zarr") or n.startswith(".part")] == [
        f"gen-00000{n}.zarr" for n in (1, 2, 3, 4)
    ]


def test_a_broken_pointer_is_told(source: Path, tmp_path: Path) -> None:
    sweep = run(grid_of(source, 1), tmp_path / "s")
    collect(sweep)
    (sweep / "results/CURRENT").write_text("../../elsewhere.zarr\n")
    with pytest.raises(HifredError, match="must name a generation beside it"):
        collect(sweep)


def forged(path: Path, member: str, change) -> None:
    """Change one JSON member of a trial file, and seal it as hifred would."""
    with open_sealed(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    metadata = json.loads(members[member])
    change(metadata)
    members[member] = json.dumps(metadata).encode()
    with path.open("w+b") as file:
        write_sealed(file, members)


def set_shape(*shape: int):
    return lambda metadata: metadata.update(shape=list(shape))


def set_grid(shape: object):
    return lambda metadata: metadata["attributes"]["grid"].update(shape=shape)


def set_measures(measures: object):
    return lambda metadata: metadata["attributes"].update(measures=measures)


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize(
    ("member", "change"),
    [
        ("flux/zarr.json", set_shape(2, 4, 3)),
        ("flux/zarr.json", set_shape(2000, 3000, 400000)),
        ("flux/zarr.json", lambda metadata: metadata.pop("codecs")),
        ("zarr.json", set_grid([2, 2, 6])),
        ("zarr.json", set_grid("large")),
        ("zarr.json", set_measures(["nmse_db"])),
        ("zarr.json", set_measures({"nmse_db": {"value": "high", "attrs": {}}})),
    ],
)
def test_a_forged_trial_stops_nobody(
    source: Path, tmp_path: Path, number: int, member: str, change
) -> None:
    sweep = run(grid_of(source, 3), tmp_path / "s")
    directory = SweepDirectory(sweep)
    ids = [trial.id for trial in read_plan(directory).trials]
    forged(directory.trial(ids[number]), member, change)
    report = collect(sweep, cubes="all")
    assert list(report.damaged) == [ids[number]]
    assert "must" in report.damaged[ids[number]]
    cubes = xr.open_zarr(report.path, group="cubes/a")
    assert set(cubes.trial.values) == set(ids) - {ids[number]}
    name = directory.trial(ids[number]).relative_to(sweep)
    assert str(name) in verify(sweep).damaged
