"""The one table of trials: states, settings, conditions, derived measures."""

import numpy as np
import pytest

from hifred.errors import HifredError
from hifred.store.ranking import ranked_measures
from hifred.store.trial_table import TrialTable, ordered_keys, setting_key
from tests.made_up import make_collected


@pytest.fixture
def table() -> TrialTable:
    return TrialTable.of(make_collected())


def test_states_are_read_from_the_flags(table) -> None:
    words = table.frame["status"]
    assert [words.iloc[i] for i in (0, 6, 9, 12)] == [
        "done",
        "failed",
        "diverged",
        "pending",
    ]


def test_an_unknown_column_is_refused(table) -> None:
    with pytest.raises(HifredError, match="unknown column 'modle'; did you mean"):
        table.select({"modle": "demo"})


def test_measures_are_found(table) -> None:
    assert ranked_measures(table) == ["nmse_db", "deviance", "asam", "acssim"]


def test_settings_compare_across_types() -> None:
    assert setting_key("10") == setting_key(np.int64(10)) == 10.0
    assert setting_key(float("nan")) is setting_key("") is setting_key(None) is None
    assert ordered_keys(["varying", 3.0, None, 1.0]) == [None, 1.0, 3.0, "varying"]


def test_what_is_not_read_can_be_asked_for(table) -> None:
    assert {*table.select({"rank": None}).frame["regularizer"]} == {"w2d1d"}
    chosen = table.select({"rank": [None, 5], "mu": [0.5, 0.001]})
    assert len(chosen) == 2 * 2


def test_words_and_numbers_of_a_setting_are_one_column() -> None:
    dataset = make_collected()
    texts = np.where(dataset["regularizer"] == "low_rank", "varying", "")
    table = TrialTable.of(dataset.assign_coords(mu_text=("trial", texts)))
    assert "mu_text" not in table.setting_names
    assert len(table.select({"mu": "varying"})) == 4
    assert len(table.select({"mu": 0.001})) == 6


def with_deviances(values: list[float]) -> TrialTable:
    dataset = make_collected().isel(trial=slice(0, len(values)))
    parts = {"deviance": values, "deviance_expected": 100.0, "deviance_variance": 4.0}
    for name, value in parts.items():
        for ending in ("", "_imager"):
            column = np.broadcast_to(value, len(values)).astype(float)
            attrs = {"direction": "lower" if name == "deviance" else "none"}
            dataset[name + ending] = "trial", column, attrs
    return TrialTable.of(dataset)


def test_a_deviance_is_told_in_standard_deviations_from_its_mean() -> None:
    table = with_deviances([80.0, 102.0, 120.0])
    for name in ("deviance_sigma", "deviance_sigma_imager"):
        assert table.frame[name].tolist() == [-10.0, 1.0, 10.0]
        assert table.direction(name) == "zero"
    assert table.direction("deviance") == "none"
