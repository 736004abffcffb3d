"""Verdicts are right on sweeps that were made to deserve them."""

import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_allclose

from hifred.observations import predicted_counts
from hifred.selection.residual_verdicts import (
    limit_sigmas,
    residual_verdicts,
    significance,
)
from hifred.selection.verdicts import (
    Level,
    Verdict,
    misfit_verdicts,
    sweep_verdicts,
)
from hifred.store.trial_table import TrialTable
from tests.made_up import make_collected
from tests.shelves import make_input, make_trial

MU = [0.001, 0.01, 0.1]


def make_table(
    scores: list[float], *, mu: list[float] | None = None, **columns: list
) -> TrialTable:
    """Return lrs at several mu with these errors, all done unless `status` says."""
    return TrialTable.of(made_up_trials(scores, mu=mu, **columns))


def made_up_trials(
    scores: list[float], *, mu: list[float] | None = None, **columns: list
) -> xr.Dataset:
    number = len(scores)
    values = {"status": ["done"] * number, "outcome": ["converged"] * number} | columns
    directions = {"nmse_db": "higher"}
    return xr.Dataset(
        {
            name: ("trial", column, {"direction": directions.get(name, "none")})
            for name, column in {"nmse_db": scores, **values}.items()
        },
        coords={
            "trial": [f"{i:012x}" for i in range(number)],
            "model": ("trial", ["demo"] * number),
            "regularizer": ("trial", ["lrs"] * number),
            "mu": ("trial", MU[:number] if mu is None else mu),
        },
    )


def of_kind(table: TrialTable, kind: str) -> list[Verdict]:
    return [verdict for verdict in sweep_verdicts(table) if verdict.kind == kind]


def misfit(sigma: float, share: float) -> dict[str, list[float]]:
    """Return the deviances of one instrument, the same for three trials."""
    columns: dict[str, list[float]] = {}
    for ending in ("", "_imager"):
        expected = abs(sigma / share) if share else 1.0
        columns[f"deviance_expected{ending}"] = [expected] * 3
        columns[f"deviance_variance{ending}"] = [1.0] * 3
        columns[f"deviance{ending}"] = [expected + sigma] * 3
    return columns


def test_a_sound_sweep_says_what_to_take_and_nothing_else() -> None:
    (verdict,) = sweep_verdicts(make_table([1.0, 3.0, 2.0], **misfit(1.0, 0.001)))
    assert (verdict.kind, verdict.level) == ("recommended", Level.GOOD)
    assert verdict.text == "Take lrs mu 0.01: the best of 3 by NMSE (3)."
    assert verdict.trial == "000000000001"


@pytest.mark.parametrize(
    ("scores", "side", "beyond"),
    [([1.0, 2.0, 3.0], "largest", "1"), ([3.0, 2.0, 1.0], "smallest", "0.0001")],
)
def test_the_edge_of_the_grid(scores: list[float], side: str, beyond: str) -> None:
    (verdict,) = of_kind(make_table(scores), "edge")
    assert f"the {side} that was tried; the last step gained 1" in verdict.text
    assert verdict.advice == f"Extend mu to {beyond}."


def test_a_setting_in_words_has_no_edge() -> None:
    dataset = make_collected().isel(trial=slice(5, 9))
    auto = dataset.assign_coords(
        mu=dataset["mu"].where(dataset["mu"] > 1.0),
        mu_text=("trial", ["auto", "flat", "fine", "wide"]),
    )
    assert of_kind(TrialTable.of(auto), "edge") == []


@pytest.mark.parametrize(
    ("sigma", "share", "kinds"),
    [
        (-10.0, 0.2, {"noise_fitted"}),
        (-10.0, 0.01, set()),
        (12.0, 0.2, {"over_smoothed"}),
        (-2.0, 0.2, set()),
        (2.0, 0.2, set()),
    ],
)
def test_the_misfit(sigma: float, share: float, kinds: set[str]) -> None:
    verdicts = sweep_verdicts(make_table([1.0, 3.0, 2.0], **misfit(sigma, share)))
    assert {verdict.kind for verdict in verdicts[1:]} == kinds


def test_a_strength_that_the_counts_chose_is_not_called_too_weak() -> None:
    dataset = made_up_trials([1.0, 3.0, 2.0], **misfit(-10.0, 0.2))
    texts = ("trial", ["", "auto", ""])
    auto = dataset.assign_coords(mu=dataset["mu"].where([1, 0, 1]), mu_text=texts)
    assert not list(misfit_verdicts(TrialTable.of(auto), "demo", f"{1:012x}"))


def test_an_end_before_the_tolerance() -> None:
    outcomes = ["converged", "step_limit", "converged"]
    (verdict,) = of_kind(make_table([1.0, 3.0, 2.0], outcome=outcomes), "unconverged")
    assert verdict.level == Level.WARNING
    assert "1 of 3 trials" in verdict.text
    assert "step limit" in verdict.text
    assert "this choice too" in verdict.text
    (other,) = of_kind(make_table([3.0, 2.0, 1.0], outcome=outcomes), "unconverged")
    assert other.level == Level.NOTE


def test_all_failed() -> None:
    table = make_table(
        [np.nan] * 3, status=["failed"] * 3, message=["no memory", "no memory", "x"]
    )
    (verdict,) = sweep_verdicts(table)
    assert (verdict.kind, verdict.level) == ("no_result", Level.FAULT)
    assert verdict.sentence == (
        "No trial of demo has a result (3 failed). First: no memory"
    )


def test_nothing_run_yet_is_no_fault() -> None:
    (verdict,) = sweep_verdicts(make_table([np.nan], status=["pending"]))
    assert verdict.level == Level.NOTE


def test_some_failed_and_some_wait() -> None:
    table = make_table(
        [1.0, np.nan, np.nan],
        status=["done", "failed", "pending"],
        message=["", "no memory", ""],
    )
    assert of_kind(table, "failed")[0].sentence == (
        "1 failed of 3 trials. Most often: no memory"
    )
    assert of_kind(table, "waiting")[0].text == "1 of 3 trials are still to be run."


def test_each_model_is_judged_alone() -> None:
    verdicts = sweep_verdicts(TrialTable.of(make_collected()))
    assert {v.model for v in verdicts if v.kind == "recommended"} == {"demo", "hot"}


def test_an_unmodelled_source_is_found_where_it_is() -> None:
    fusion_input = make_input()
    result = make_trial(fusion_input, 1)
    result["flux"] = fusion_input.truth["flux"]
    expected = predicted_counts(result, fusion_input.observations)
    rng = np.random.default_rng(4)
    observations = dict(fusion_input.observations)
    for name, mean in expected.items():
        counts = rng.poisson(mean)
        observations[name] = observations[name].assign(
            counts=(("channel", "y", "x"), counts)
        )
    assert list(residual_verdicts("demo", "t", observations, expected)) == []
    imager = observations["imager"]
    level = expected["imager"][:, 7, 2].sum()
    extra = imager["counts"].copy()
    extra[3, 7, 2] += int(8 * np.sqrt(level))
    observations["imager"] = imager.assign(counts=extra)
    verdicts = list(residual_verdicts("demo", "t", observations, expected))
    x, y = float(imager["x"][2]), float(imager["y"][7])
    assert f"at x = {x:.4g}, y = {y:.4g} arcsec" in verdicts[0].text
    assert "imager has more counts" in verdicts[0].text


def test_significance_is_that_of_a_normal_draw() -> None:
    rng = np.random.default_rng(2)
    values = significance(rng.poisson(60.0, 20000), np.full(20000, 60.0))
    assert_allclose([values.mean(), values.std()], [0.0, 1.0], atol=0.03)
    assert significance(np.array([0.0]), np.array([0.0])) == pytest.approx(0, abs=1e-3)


def test_many_places_raise_the_limit() -> None:
    assert limit_sigmas(10) == 4.0
    assert 5.0 < limit_sigmas(100_000) < 6.0
