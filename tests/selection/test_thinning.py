import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from hifred.errors import HifredError
from hifred.selection import thin, with_counts
from hifred.simulation import simulate_model


@pytest.fixture(scope="module")
def observations():
    return simulate_model(
        "gaussian_1kev_rebinned",
        shape=(18, 15),
        n_energies=60,
        counts=2e5,
        imager={"background_counts": 1e4},
    ).observations


def test_the_two_parts_add_up_to_the_counts(observations):
    fitted, held_out = thin(observations, 0.2, np.random.default_rng(1))
    for name, observation in observations.items():
        total = fitted[name]["counts"] + held_out[name]["counts"]
        assert_array_equal(total, observation["counts"])
        share = held_out[name]["counts"].sum() / observation["counts"].sum()
        assert_allclose(share, 0.2, rtol=0.03)


def test_exposure_background_and_expectation_are_shared_out(observations):
    fitted, held_out = thin(observations, 0.2, np.random.default_rng(1))
    for name in ("exposure_time", "background", "expected_counts"):
        whole = observations["imager"][name]
        assert_allclose(fitted["imager"][name], 0.8 * whole)
        assert_allclose(held_out["imager"][name], 0.2 * whole)
        assert fitted["imager"][name].attrs == whole.attrs


def test_the_parts_are_independent(observations):
    expected = observations["imager"]["expected_counts"].to_numpy()
    rng = np.random.default_rng(2)
    drawn = with_counts(observations["imager"], rng.poisson(expected))
    fitted, held_out = thin({"imager": drawn}, 0.5, rng)
    first, second = (
        (p["imager"]["counts"] - p["imager"]["expected_counts"]).to_numpy().ravel()
        for p in (fitted, held_out)
    )
    assert abs(np.corrcoef(first, second)[0, 1]) < 4 / np.sqrt(first.size)


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.1, float("nan")])
def test_impossible_fractions_are_refused(observations, fraction):
    with pytest.raises(HifredError, match="fraction must be above 0 and below 1"):
        thin(observations, fraction, np.random.default_rng(1))
