"""One ranking for every table, page and command."""

import numpy as np
import pytest

from hifred.errors import HifredError
from hifred.store.ranking import (
    criterion,
    merits,
    ranked_trials,
    recommended,
)
from hifred.store.trial_table import TrialTable
from tests.made_up import make_collected
from tests.store.test_trial_table import with_deviances


def test_a_failed_trial_is_never_the_best() -> None:
    dataset = make_collected()
    dataset["nmse_db"][6] = 99.0
    table = TrialTable.of(dataset)
    assert table.trials[6] not in ranked_trials(table, "nmse_db")


def test_fitted_noise_is_not_the_best_fit() -> None:
    table = with_deviances([80.0, 102.0, 120.0])
    assert ranked_trials(table, "deviance_sigma")[0] == table.trials[1]
    with pytest.raises(HifredError, match="rank by deviance_sigma"):
        merits(table, "deviance")


def test_held_out_counts_recommend_where_there_is_no_truth() -> None:
    dataset = make_collected(with_truth=False)
    n_trials = dataset.sizes["trial"]
    assert criterion(TrialTable.of(dataset)) == "deviance"
    dataset["held_out_error"] = (
        "trial", np.arange(n_trials, 0.0, -1), {"direction": "lower"},
    )  # fmt: skip
    assert criterion(TrialTable.of(dataset)) == "held_out_error"
    dataset["held_out_deviance"] = dataset["held_out_error"]
    choice = recommended(TrialTable.of(dataset), "demo")
    assert choice is not None
    demo = TrialTable.of(dataset).select({"model": "demo"})
    assert (choice.by, choice.trial) == ("held_out", demo.trials[-1])


def test_each_model_is_chosen_by_what_it_has() -> None:
    dataset = make_collected()
    dataset["nmse_db"] = dataset["nmse_db"].where(dataset["model"] == "demo")
    table = TrialTable.of(dataset)
    by = {model: recommended(table, model).by for model in ("demo", "hot")}
    assert by == {"demo": "nmse_db", "hot": "deviance"}


def test_nothing_done_recommends_nothing() -> None:
    table = TrialTable.of(make_collected()).select({"status": "failed"})
    assert recommended(table, "demo") is None
