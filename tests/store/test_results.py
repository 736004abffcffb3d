"""Comparing results: tables, grids, the best, neighbours, look-up."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits

from hifred.errors import HifredError
from hifred.store.export import export_results
from hifred.store.results import Results, open_results
from hifred.store.trial_row import NOT_PLANNED, STATUS_FLAGS
from hifred.sweep.driver.run import run_sweep
from hifred.sweep.plan.declaration import declare
from hifred.sweep.watch.collecting import collect
from tests.sweep.stub_kernels import StubKernel

MU, RANK = [0.1, 0.2, 0.4], [1, 2]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    folder = tmp_path_factory.mktemp("results")
    for name in ("a", "b"):
        (folder / name).write_text(name)
    declaration = declare(
        "r",
        {name: folder / name for name in ("a", "b")},
        [
            {
                "regularizer": "lrs", "mu": MU, "rank": RANK,
                "exclude": "mu == 0.4 and rank == 2",
            },
            {"regularizer": "w2d1d", "mu": [0.5, 1.0]},
            {"regularizer": "low_rank", "rank": 2, "behaviour": "raise", "models": "a"},
        ],
    )  # fmt: skip
    sweep = folder / "s"
    run_sweep(declaration, directory=sweep, kernel=StubKernel(), executor="inline")
    collect(sweep, cubes="all")
    return open_results(sweep)


def test_the_table_has_a_row_for_every_trial(results: Results) -> None:
    table = results.table()
    assert len(table) == 15
    assert table["status"].value_counts().to_dict() == {"done": 14, "failed": 1}
    assert {"model", "regularizer", "mu", "rank", "nmse_db", "seconds"} <= set(table)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({"regularizer": "lrs"}, 10),
        ({"mu": 0.1}, 4),
        ({"mu": 0.1 * (1 + 1e-9)}, 4),
        ({"mu": [0.1, 0.2], "model": "a"}, 4),
        ({"status": "failed"}, 1),
        ({"rank": 99}, 0),
    ],
)
def test_rows_are_chosen_by_value(results: Results, where: dict, expected: int) -> None:
    assert len(results.table(where)) == expected


def test_a_grid_is_dense_and_labelled(results: Results) -> None:
    lrs = {"regularizer": "lrs"}
    grid = results.grid("nmse_db", x="mu", y="rank", where=lrs)
    assert grid.dims == ("model", "rank", "mu")
    assert grid.attrs["units"] == "dB"
    table = results.table(lrs)
    for trial_id, row in table.iterrows():
        place = grid.sel(model=row["model"], rank=row["rank"], mu=row["mu"])
        assert float(place) == row["nmse_db"]
        assert str(place.trial.values) == trial_id
    missing = grid.sel(rank=2, mu=0.4)
    assert missing.isnull().all()
    assert (missing.status == NOT_PLANNED).all()
    assert (grid.status == STATUS_FLAGS["done"]).sum() == 10


def test_without_axes_a_grid_spans_everything_that_varies(results: Results) -> None:
    grid = results.grid("nmse_db", where={"behaviour": ""})
    assert grid.dims == ("model", "regularizer", "mu", "rank")
    one = grid.sel(model="a", regularizer="w2d1d", mu=0.5)
    assert np.isfinite(one.values).sum() == 1


def test_the_best_comes_first(results: Results) -> None:
    best = results.best("nmse_db", 3)
    assert best["nmse_db"].is_monotonic_decreasing
    assert best["nmse_db"].iloc[0] == results.table()["nmse_db"].max()
    cheapest = results.best("seconds", 2)
    assert cheapest["seconds"].is_monotonic_increasing


def test_a_comparison_shows_what_differs(results: Results) -> None:
    ids = list(results.table({"model": "a", "rank": 1}).index)
    compared = results.compare([name[:8] for name in ids])
    assert list(compared.columns) == ids
    assert {"mu", "status", "nmse_db"} <= set(compared.index)
    assert "model" not in compared.index


def test_neighbours_are_one_step_away(results: Results) -> None:
    here = results.trial(model="a", regularizer="lrs", mu=0.2, rank=1)
    steps = results.neighbours(here.id).set_index("step")
    assert steps.loc["mu -", "mu"] == 0.1
    assert steps.loc["mu +", "mu"] == 0.4
    assert steps.loc["rank +", "rank"] == 2
    assert steps.loc["model = b", "mu"] == 0.2
    assert len(steps) == 4


def test_a_trial_is_found_by_its_settings_and_opened(results: Results) -> None:
    found = results.trial(model="b", regularizer="lrs", mu=0.1 + 1e-12, rank=2)
    with found.open() as dataset:
        assert dataset.attrs["record"]["trial_id"] == found.id
    assert results.trial(found.id[:7]).values["model"] == "b"


def test_a_collected_cube_is_enough(results: Results, tmp_path: Path) -> None:
    alone = Results(tmp_path, results.generation)
    found = alone.trial(model="a", regularizer="lrs", mu=0.1, rank=1)
    assert found.open().flux.sizes == {"energy": 2, "y": 3, "x": 4}
    failed = alone.trial(regularizer="low_rank")
    with pytest.raises(HifredError, match="it is failed"):
        failed.open()


def test_the_lazy_dataset_has_cubes_and_labels(results: Results) -> None:
    assert results.cube_groups == ["a", "b"]
    assert results.dataset().sizes == {"trial": 15}
    with_cubes = results.dataset("a")
    assert with_cubes.flux.dims == ("trial", "energy", "y", "x")
    assert {"nmse_db", "status", "mu"} <= set(with_cubes.variables)
    assert with_cubes.sizes["trial"] == 7


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda r: r.trial(model="a", regularizer="lrs"), "fits 5. Add mu or rank"),
        (lambda r: r.trial(mu=0.3), "fits none. There is mu: 0.1, 0.2"),
        (lambda r: r.trial(mi=0.3), "did you mean 'mu'"),
        (lambda r: r.trial("zz"), "unknown trial 'zz'"),
        (lambda r: r.best("nmse"), "did you mean 'nmse_db'"),
        (lambda r: r.best("held_out"), "held_out = { fraction"),
        (lambda r: r.grid("nmse_dB"), "did you mean 'nmse_db'"),
        (lambda r: r.grid("nmse_db", x="mi"), "did you mean 'mu'"),
        (lambda r: r.table({"mi": 1}), "did you mean 'mu'"),
        (lambda r: r.cubes("c"), "unknown group of cubes"),
    ],
)
def test_mistakes_are_told(results: Results, ask, message: str) -> None:
    with pytest.raises(HifredError, match=message):
        ask(results)


def test_results_must_be_collected_first(tmp_path: Path) -> None:
    with pytest.raises(HifredError, match="hifred collect"):
        open_results(tmp_path)


def test_export_to_csv_keeps_every_number(results: Results, tmp_path: Path) -> None:
    (path,) = export_results(results, "csv", tmp_path / "t.csv")
    back = pd.read_csv(path, index_col="trial")
    pd.testing.assert_series_equal(back["nmse_db"], results.table()["nmse_db"])


def test_export_to_fits_keeps_cube_units_and_axes(
    results: Results, tmp_path: Path
) -> None:
    paths = export_results(results, "fits", tmp_path / "cubes")
    assert len(paths) == 14
    cubes = results.cubes("a")
    name = str(cubes.trial.values[0])
    with fits.open(tmp_path / "cubes" / f"a-{name}.fits") as found:
        np.testing.assert_array_equal(found[0].data, cubes.flux.sel(trial=name))
        header = found[0].header
        assert header["BUNIT"] == "photon cm-2 s-1"
        assert (header["CTYPE3"], header["CUNIT3"]) == ("ENERGY", "keV")
        assert header["CDELT1"] == 10.0
        assert header["TRIAL"] == name
        np.testing.assert_array_equal(
            found["ENERGY_VALUES"].data["energy"], cubes.energy
        )


def test_an_output_that_cannot_be_written_is_told(
    results: Results, tmp_path: Path
) -> None:
    with pytest.raises(HifredError, match="output must be writable"):
        export_results(results, "csv", tmp_path / "absent" / "t.csv")


def test_the_hypercube_holds_each_cube_at_its_settings(results: Results) -> None:
    cubes = results.cubes("b")["flux"]
    laid = results.hypercube(model="b", where={"regularizer": "lrs"})
    assert laid.dims == ("mu", "rank", *cubes.dims[1:])
    assert laid.chunksizes["mu"] == (1, 1, 1)
    for mu, rank in [(0.1, 1), (0.2, 2)]:
        found = laid.sel(mu=mu, rank=rank)
        np.testing.assert_array_equal(
            found, cubes.sel(trial=str(found["trial"].values))
        )
        assert results.table().loc[str(found["trial"].values), "mu"] == mu
    absent = laid.sel(mu=0.4, rank=2)
    assert absent.isnull().all()
    assert absent["status"] == NOT_PLANNED


def test_a_failed_trial_is_a_hole_in_the_hypercube(results: Results) -> None:
    where = {"regularizer": ["lrs", "low_rank"], "rank": 2}
    laid = results.hypercube(model="a", where=where)
    by_place = laid.stack(place=laid["status"].dims)
    hole = by_place.isel(place=by_place["status"] == STATUS_FLAGS["failed"])
    assert hole.sizes["place"] == 1
    assert hole.isnull().all()
    one = results.hypercube(model="a", where={"mu": 0.1, "rank": 1})
    assert one.dims == results.cubes("a")["flux"].dims[1:]


def test_a_hypercube_is_of_one_model_and_of_cubes_that_are_there(
    results: Results,
) -> None:
    with pytest.raises(HifredError, match="model must be one of a, b; got none"):
        results.hypercube()
    with pytest.raises(HifredError, match="unknown variable of cubes 'fluxx'"):
        results.hypercube("fluxx", model="a")
