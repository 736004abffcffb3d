import numpy as np
import pytest
from numpy.testing import assert_allclose

from hifred.errors import SettingsError
from hifred.fusion import FusionSettings, fuse
from hifred.selection import (
    Split,
    held_out_deviance,
    read_split,
    score,
    split_deviance,
    thin,
)
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
    scores = held_out_deviance(fusion_input, settings, Split(seeds=(3, 4)))
    again = split_deviance(fusion_input.observations, settings, 0.1, seed=4)
    each = scores["held_out_deviance_split"]
    assert each.sel(split=4) == pytest.approx(again["deviance"], rel=1e-6)
    assert_allclose(scores["held_out_deviance"], each.mean())
    attrs = scores["held_out_deviance"].attrs
    assert attrs["direction"] == "lower"
    assert attrs["needs_truth"] == 0


def test_the_truth_scores_as_a_perfect_model(fusion_input):
    rng = np.random.default_rng(5)
    _, held_out = thin(fusion_input.observations, 0.3, rng)
    found = score(fusion_input.truth, held_out)
    assert abs(found["deviance"] - found["expected"]) < 5 * np.sqrt(found["variance"])


def test_fits_that_are_too_smooth_or_too_rough_score_worse(fusion_input):
    rng = np.random.default_rng(6)
    fitted, held_out = thin(fusion_input.observations, 0.2, rng)
    scores = [
        score(
            fuse(
                fitted,
                FusionSettings(regularizer="lrs", mu=mu, rank=4, tolerance=1e-3),
            ),
            held_out,
        )["deviance"]
        for mu in (1e-7, 3e-4, 1e-1)
    ]
    assert scores[1] < scores[0]
    assert scores[1] < scores[2]


def test_a_split_is_read_from_a_table():
    assert read_split({"fraction": 0.2, "seeds": [4]}) == Split(0.2, (4,))
    with pytest.raises(SettingsError, match="fraction"):
        read_split({"fracton": 0.2})
    with pytest.raises(SettingsError, match="seeds"):
        read_split({"seeds": []})
