import json

import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_allclose

from hifred.errors import HifredError, SchemaError
from hifred.measures import (
    MEASURES,
    acssim,
    fusion_measures,
    measure_fusion,
    measure_of,
    nmse_db,
    spectral_angle,
)
from hifred.observations import FusionInput, predicted_counts
from hifred.simulation import simulate_model


@pytest.fixture(scope="module")
def fusion_input():
    return simulate_model(
        "gaussian_1kev_rebinned", shape=(15, 12), n_energies=60, counts=2e5
    )


@pytest.fixture(scope="module")
def result(fusion_input):
    rng = np.random.default_rng(1)
    flux = fusion_input.truth["flux"]
    noisy = flux * rng.uniform(0.8, 1.2, flux.shape)
    return xr.Dataset({"flux": noisy}, attrs={"settings": json.dumps({"mu": 1.0})})


def test_measures_are_those_of_the_cubes(fusion_input, result):
    measured = measure_fusion(result, fusion_input)
    cubes = result["flux"].to_numpy(), fusion_input.truth["flux"].to_numpy()
    assert_allclose(measured["nmse_db"], nmse_db(*cubes))
    assert_allclose(measured["acssim"], acssim(*cubes))
    assert_allclose(measured["sam"], spectral_angle(*cubes), rtol=1e-6)
    assert measured["sam"].dims == measured["relative_error"].dims == ("y", "x")


def test_the_truth_measures_best(fusion_input, result):
    truth = xr.Dataset({"flux": fusion_input.truth["flux"]})
    best = measure_fusion(truth, fusion_input)
    worse = measure_fusion(result, fusion_input)
    for name, measure in MEASURES.items():
        if name not in best or best[name].ndim or measure.direction == "none":
            continue
        if measure.direction == "higher":
            assert best[name] > worse[name], name
        else:
            assert best[name] < worse[name], name
    assert best["deviance"] < worse["deviance"]
    assert best["nmse_db"] == np.inf
    assert best["asam"] == 0
    assert best["data_nmse_db_imager"] > 100


def test_every_measure_says_what_it_is(fusion_input, result):
    for name, variable in measure_fusion(result, fusion_input).items():
        assert variable.attrs["units"], name
        assert variable.attrs["long_name"], name
        assert variable.attrs["direction"] in ("higher", "lower", "none")
        assert variable.attrs["needs_truth"] in (0, 1)


def test_without_truth_only_the_data_measure(fusion_input, result):
    real = {
        name: o.drop_vars("expected_counts")
        for name, o in fusion_input.observations.items()
    }
    measured = measure_fusion(result, FusionInput(real))
    assert all(v.attrs["needs_truth"] == 0 for v in measured.data_vars.values())
    assert {"deviance", "deviance_expected", "deviance_variance"} <= set(measured)


def test_the_truth_fits_as_well_as_it_should(fusion_input):
    truth = xr.Dataset({"flux": fusion_input.truth["flux"]})
    found = measure_fusion(truth, fusion_input)
    excess = found["deviance"] - found["deviance_expected"]
    assert abs(excess) < 4 * np.sqrt(found["deviance_variance"])


def test_masked_voxels_have_no_deviance(fusion_input, result):
    mask = xr.zeros_like(fusion_input.observations["imager"]["counts"], dtype=bool)
    mask[0, 2, 3] = True
    observations = dict(fusion_input.observations)
    observations["imager"] = observations["imager"].assign(
        mask=mask.assign_attrs(units="1", long_name="use")
    )
    found = measure_fusion(result, FusionInput(observations, fusion_input.truth))
    assert found["deviance_expected_imager"] < 3


def test_a_margin_of_the_result_is_cut_off(fusion_input):
    leaking = simulate_model(
        "gaussian_1kev_rebinned",
        shape=(15, 12),
        n_energies=60,
        counts=2e5,
        margin_pixels=3,
    )
    flux = fusion_input.truth["flux"].pad(y=3, x=3, constant_values=0.0)
    y, x = (10.0 * (np.arange(n) - (n - 1) / 2) for n in flux.shape[1:])
    result = xr.Dataset({"flux": flux.assign_coords(y=y, x=x)})
    result.attrs["settings"] = json.dumps({"margin_pixels": 3})
    plain = FusionInput(leaking.observations, fusion_input.truth)
    assert measure_fusion(result, plain)["nmse_db"] == np.inf
    counts = predicted_counts(result, leaking.observations)
    assert counts["spectrometer"].shape == (60, 5, 4)


def test_a_result_that_misses_the_truth_is_refused(fusion_input, result):
    truth = fusion_input.truth
    shifted = FusionInput(
        fusion_input.observations, truth.assign_coords(x=truth["x"] + 40.0)
    )
    with pytest.raises(SchemaError, match="must cover the truth along x"):
        measure_fusion(result, shifted)


def test_a_diverged_result_is_refused(fusion_input, result):
    broken = result.copy(deep=True)
    broken["flux"][0, 0, 0] = np.nan
    with pytest.raises(HifredError, match="must be finite"):
        measure_fusion(broken, fusion_input)


def test_measures_of_one_instrument_are_known_by_their_beginning():
    assert measure_of("data_nmse_db_epic") == MEASURES["data_nmse_db"]
    assert measure_of("deviance_expected_epic") == MEASURES["deviance_expected"]
    with pytest.raises(HifredError, match="unknown measure 'beauty'"):
        measure_of("beauty")


def test_only_a_measure_that_does_not_exist_is_nan(fusion_input, result, monkeypatch):
    small = {"y": slice(0, 8), "x": slice(0, 8)}
    truth = fusion_input.truth.isel(small)
    measured = measure_fusion(result, FusionInput(fusion_input.observations, truth))
    assert np.isnan(measured["acssim"])
    assert np.isfinite(measured["nmse_db"])

    def refuse(*_, **__):
        raise HifredError("the cubes must be sound")

    monkeypatch.setattr(fusion_measures, "nmse_db", refuse)
    with pytest.raises(HifredError, match="must be sound"):
        measure_fusion(result, fusion_input)
