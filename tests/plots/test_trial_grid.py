import numpy as np
import pytest
import xarray as xr

from hifred import plots
from hifred.errors import HifredError
from hifred.plots import plot_measure_curves
from hifred.plots.trial_grid import measure_grid, slices_of, trials_of
from tests.made_up import make_collected

LRS = {"model": "demo", "regularizer": "lrs"}


def test_a_table_is_taken_as_it_is() -> None:
    table = trials_of(make_collected())
    assert trials_of(table) is table


def test_each_cell_has_a_value_or_a_word() -> None:
    grid = measure_grid(make_collected(), "nmse_db", where=LRS)
    assert grid.values.shape == (3, 4)
    assert (np.isfinite(grid.values) == (grid.words == "")).all()
    assert set(grid.words.ravel()) == {
        "", "failed", "diverged", "pending", "not planned",
    }  # fmt: skip
    assert grid.words[2, 3] == "not planned"
    assert grid.trials[2, 3] == ""


def test_cells_hold_their_own_trial() -> None:
    dataset = make_collected()
    grid = measure_grid(dataset, "nmse_db", where=LRS)
    row, column = grid.row_texts.index("10"), grid.column_texts.index("0.003")
    trial = dataset.sel(trial=grid.trials[row, column])
    assert (float(trial["mu"]), float(trial["rank"])) == (0.003, 10.0)
    assert grid.values[row, column] == float(trial["nmse_db"])


def test_a_shared_cell_shows_the_best_and_of_how_many() -> None:
    grid = measure_grid(make_collected(), "nmse_db", where={"regularizer": "low_rank"})
    values = make_collected()["nmse_db"].to_numpy()
    assert grid.values.max() == np.nanmax(values[[0, 1]])
    assert grid.n_trials.tolist() == [[2], [2]]
    assert grid.text((0, 0)).endswith("best of 2")


def test_a_cell_of_one_trial_says_its_value_alone() -> None:
    grid = measure_grid(make_collected(), "nmse_db", where=LRS)
    assert grid.text((0, 0)) == f"{grid.values[0, 0]:.4g}"


def test_the_best_cell_of_a_signed_measure_is_the_one_nearest_to_zero() -> None:
    dataset = make_collected()
    values = np.linspace(-10, 8, dataset.sizes["trial"])
    dataset["deviance_sigma"] = "trial", values, {"direction": "zero"}
    grid = measure_grid(dataset, "deviance_sigma", where=LRS)
    assert grid.best is not None
    assert abs(grid.values[grid.best]) == np.nanmin(np.abs(grid.values))


def test_a_setting_that_is_not_read_is_one_row() -> None:
    where = {"model": "demo", "regularizer": "w2d1d"}
    grid = measure_grid(make_collected(), "nmse_db", where=where)
    assert grid.row_texts == ["–"]


def test_a_setting_in_words_is_a_place_on_the_axis() -> None:
    dataset = make_collected()
    texts = np.where(dataset["mu"] == 0.03, "auto", "")
    dataset = dataset.assign_coords(
        mu=dataset["mu"].where(dataset["mu"] != 0.03), mu_text=("trial", texts)
    )
    grid = measure_grid(dataset, "nmse_db", where=LRS)
    assert grid.column_texts == ["0.001", "0.003", "0.01", "auto"]
    assert measure_grid(dataset, "nmse_db", where={**LRS, "mu": "auto"}).columns == (
        "auto",
    )


def test_a_measure_that_needs_the_truth_is_refused_on_real_data() -> None:
    real = make_collected(with_truth=False)
    with pytest.raises(HifredError, match="real data, whose truth nobody knows"):
        measure_grid(real, "nmse_db")
    empty = make_collected()
    empty["nmse_db"] = empty["nmse_db"] * np.nan
    empty["nmse_db"].attrs["needs_truth"] = 1
    with pytest.raises(HifredError, match="deviance"):
        measure_grid(empty, "nmse_db")


def test_a_model_without_truth_is_named_beside_one_with() -> None:
    dataset = make_collected()
    dataset["nmse_db"] = dataset["nmse_db"].where(dataset["model"] == "demo")
    grid = measure_grid(dataset, "nmse_db", where={**LRS, "model": "hot"})
    assert (grid.words == "no truth").sum() == 11


def test_an_unknown_measure_names_the_nearest() -> None:
    with pytest.raises(HifredError, match="did you mean 'deviance'"):
        measure_grid(make_collected(), "devience")


def test_slices_are_the_settings_beside_the_two_sides() -> None:
    table = trials_of(make_collected())
    assert slices_of(table.select(LRS), ("mu", "rank")) == [{}]
    slices = slices_of(table.select({"regularizer": "lrs"}), ("mu", "rank"))
    assert slices == [{"model": "demo"}, {"model": "hot"}]


def with_scales(n_scales: int):
    """Return lrs of one model with a third swept setting beside mu and rank."""
    one = make_collected().isel(trial=slice(5, 16))
    parts = []
    for scale in range(n_scales):
        part = one.assign_coords(
            trial=[f"{scale:02x}{i:010x}" for i in range(11)],
            space_scales=("trial", np.full(11, scale)),
        )
        part["nmse_db"] = part["nmse_db"] - scale
        parts.append(part)
    return xr.concat(parts, "trial")


def test_every_swept_setting_is_a_slice_of_the_heat_map() -> None:
    dataset = with_scales(3)
    slices = slices_of(trials_of(dataset), ("mu", "rank"))
    assert slices == [{"space_scales": float(i)} for i in range(3)]
    grids = [measure_grid(dataset, "nmse_db", where=where) for where in slices]
    assert all(grid.n_trials.max() == 1 for grid in grids)
    assert grids[2].values[0, 0] == grids[0].values[0, 0] - 2


@pytest.mark.parametrize(("n_scales", "n_lines"), [(3, 9), (5, 3)])
def test_curves_name_every_swept_setting_or_say_of_how_many(n_scales, n_lines) -> None:
    figure = plot_measure_curves(with_scales(n_scales), "nmse_db")
    labels = [t.get_text() for t in figure.axes[0].get_legend().get_texts()]
    labels = [label for label in labels if label != "no value"]
    assert len(labels) == n_lines
    word = "space scales" if n_scales == 3 else f"best of {n_scales}"
    assert all(word in label.replace("_", " ") for label in labels)


def test_the_old_name_of_the_measures_still_works() -> None:
    with pytest.warns(FutureWarning, match=r"write trials_of\(source\)"):
        found = plots.measures_of(make_collected())
    assert found == trials_of(make_collected()).measure_names
