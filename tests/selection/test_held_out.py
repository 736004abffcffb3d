import numpy as np
import pytest
from numpy.testing import assert_allclose

from hifred.errors import HifredError, SettingsError
from hifred.fusion import FusionSettings, fuse
from hifred.selection import (
    Split,
    held_out_scores,
    read_split,
    score,
    score_split,
    split_observations,
    thin,
    with_counts,
)
from hifred.selection.held_out import cube_error, reference_fit
from hifred.simulation import simulate_model


@pytest.fixture(scope="module")
def fusion_input():
    return simulate_model(
        "gaussian_1kev_rebinned", shape=(15, 12), n_energies=60, counts=2e5
    )


@pytest.fixture(scope="module")
def settings():
    return FusionSettings(regularizer="lrs", mu=3e-4, rank=4, tolerance=1e-3)


def test_the_mean_is_that_of_the_splits(fusion_input, settings):
    scores = held_out_scores(fusion_input, settings, Split(seeds=(3, 4)))
    again = score_split(fusion_input.observations, settings, 0.1, seed=4)
    for name in ("deviance", "error"):
        each = scores[f"held_out_{name}_split"]
        assert each.sel(split=4) == pytest.approx(again[name], rel=1e-6)
        assert_allclose(scores[f"held_out_{name}"], each.mean())
        attrs = scores[f"held_out_{name}"].attrs
        assert attrs["direction"] == "lower"
        assert attrs["needs_truth"] == 0


def test_the_truth_scores_as_a_perfect_model(fusion_input, settings):
    rng = np.random.default_rng(5)
    _, held_out = thin(fusion_input.observations, 0.3, rng)
    found = score(fusion_input.truth, held_out, settings)
    assert abs(found["deviance"] - found["expected"]) < 5 * np.sqrt(found["variance"])


@pytest.mark.parametrize("name", ["deviance", "error"])
def test_fits_that_are_too_smooth_or_too_rough_score_worse(fusion_input, name):
    scores = [
        score_split(
            fusion_input.observations,
            FusionSettings(regularizer="lrs", mu=mu, rank=4, tolerance=1e-3),
            0.2,
            seed=6,
        )[name]
        for mu in (1e-7, 3e-4, 1e-1)
    ]
    assert scores[1] < scores[0]
    assert scores[1] < scores[2]


def test_errors_of_two_settings_differ_as_their_true_errors(fusion_input, settings):
    fitted, held_out = split_observations(fusion_input.observations, 0.3, seed=2)
    reference = reference_fit(held_out, settings)
    truth = fusion_input.truth["flux"].to_numpy().astype(float)
    found, wanted = [], []
    for mu in (3e-4, 1e-1):
        result = fuse(fitted, settings.changed(mu=mu))
        found.append(cube_error(result, reference))
        wanted.append(np.sum((result["flux"].to_numpy() - truth) ** 2))
    power = np.sum(reference["flux"].to_numpy().astype(float) ** 2)
    assert (found[1] - found[0]) * power == pytest.approx(
        wanted[1] - wanted[0], rel=0.15
    )


def test_the_reference_is_the_same_for_all_settings(fusion_input, settings):
    _, held_out = split_observations(fusion_input.observations, 0.3, seed=2)
    other = FusionSettings(regularizer="w2d1d", mu=2.0, tolerance=0.1)
    first, second = (reference_fit(held_out, s)["flux"] for s in (settings, other))
    assert np.array_equal(first, second)


def test_a_reference_without_counts_is_told(fusion_input, settings):
    empty = {
        name: with_counts(o, np.zeros_like(o["counts"]))
        for name, o in fusion_input.observations.items()
    }
    with pytest.raises(HifredError, match="held-out counts"):
        reference_fit(empty, settings)


def test_a_split_is_read_from_a_table():
    assert read_split({"fraction": 0.2, "seeds": [4]}) == Split(0.2, (4,))
    with pytest.raises(SettingsError, match="fraction"):
        read_split({"fracton": 0.2})
    with pytest.raises(SettingsError, match="seeds"):
        read_split({"seeds": []})
