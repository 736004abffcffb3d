import numpy as np
import pytest

from hifred.errors import HifredError
from hifred.plots.trial_grid import (
    collected,
    measure_grid,
    measure_of,
    measures_of,
    ordered_keys,
    selected,
    setting_key,
    status_words,
)
from tests.made_up import make_collected

LRS = {"model": "demo", "regularizer": "lrs"}


def test_a_dataset_is_taken_as_it_is() -> None:
    dataset = make_collected()
    assert collected(dataset) is dataset


def test_states_are_read_from_the_flags() -> None:
    words = status_words(make_collected())
    assert [words[i] for i in (0, 6, 9, 12)] == [
        "done",
        "failed",
        "diverged",
        "pending",
    ]


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


def test_a_shared_cell_shows_the_best() -> None:
    grid = measure_grid(make_collected(), "nmse_db", where={"regularizer": "low_rank"})
    values = make_collected()["nmse_db"].to_numpy()
    assert grid.values.max() == np.nanmax(values[[0, 1]])


def test_a_setting_that_is_not_read_is_one_row() -> None:
    where = {"model": "demo", "regularizer": "w2d1d"}
    grid = measure_grid(make_collected(), "nmse_db", where=where)
    assert grid.row_texts == ["–"]


def test_a_measure_that_needs_the_truth_is_refused_on_real_data() -> None:
    real = make_collected(with_truth=False)
    with pytest.raises(HifredError, match="real data, whose truth nobody knows"):
        measure_of(real, "nmse_db")
    empty = make_collected()
    empty["nmse_db"] = empty["nmse_db"] * np.nan
    empty["nmse_db"].attrs["needs_truth"] = 1
    with pytest.raises(HifredError, match="deviance"):
        measure_of(empty, "nmse_db")


def test_a_model_without_truth_is_named_beside_one_with() -> None:
    dataset = make_collected()
    dataset["nmse_db"] = dataset["nmse_db"].where(dataset["model"] == "demo")
    grid = measure_grid(dataset, "nmse_db", where={**LRS, "model": "hot"})
    assert (grid.words == "no truth").sum() == 11


def test_an_unknown_measure_names_the_nearest() -> None:
    with pytest.raises(HifredError, match="did you mean 'deviance'"):
        measure_of(make_collected(), "devience")


def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(HifredError, match="unknown setting 'modle'"):
        selected(make_collected(), {"modle": "demo"})


def test_measures_are_found() -> None:
    assert measures_of(make_collected()) == ["nmse_db", "deviance", "asam", "acssim"]


def test_settings_compare_across_types() -> None:
    assert setting_key("10") == setting_key(np.int64(10)) == 10.0
    assert setting_key(float("nan")) is setting_key("") is setting_key(None) is None
    assert ordered_keys(["varying", 3.0, None, 1.0]) == [None, 1.0, 3.0, "varying"]
