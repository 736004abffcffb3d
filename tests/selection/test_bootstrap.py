import numpy as np
import pytest
from numpy.testing import assert_allclose

from hifred.errors import HifredError
from hifred.fusion import FusionSettings, fuse
from hifred.selection import (
    Refits,
    band_images,
    bootstrap_summary,
    corrected_summary,
    draw_observations,
    less_its_bias,
    refit,
)
from hifred.selection.bootstrap import bias_share
from hifred.simulation import simulate_model

SETTINGS = FusionSettings(regularizer="lrs", mu=1e-4, rank=3, tolerance=1e-3)


@pytest.fixture(scope="module")
def fusion_input():
    return simulate_model(
        "gaussian_1kev_rebinned", shape=(12, 9), n_energies=36, counts=1e5
    )


@pytest.fixture(scope="module")
def result(fusion_input):
    return fuse(fusion_input.observations, SETTINGS)


@pytest.fixture(scope="module")
def refits(fusion_input, result):
    parts = [
        refit(fusion_input, SETTINGS, result, seeds, n_bands=3)
        for seeds in ([0, 1], [2, 3, 4])
    ]
    return parts[0] + parts[1]


def test_tasks_add_up_to_one(fusion_input, result, refits):
    whole = refit(fusion_input, SETTINGS, result, range(5), n_bands=3)
    assert whole.n_refits == refits.n_refits == 5
    assert_allclose(whole.cube_sum, refits.cube_sum)
    assert_allclose(whole.bands, refits.bands)


def test_standard_errors_are_those_of_the_refits(fusion_input, result, refits):
    cubes = [
        fuse(draw_observations(fusion_input, result, seed), SETTINGS)["flux"].to_numpy()
        for seed in range(5)
    ]
    summary = bootstrap_summary(refits, result)
    expected = np.std(np.asarray(cubes, float), axis=0, ddof=1)
    assert_allclose(summary["standard_error"], expected, rtol=1e-3, atol=1e-12)
    bands = [band_images(np.asarray(cube, float), 3) for cube in cubes]
    assert_allclose(
        summary["band_standard_error"], np.std(bands, axis=0, ddof=1), rtol=1e-6
    )
    assert "coverage" not in summary


def test_coverage_counts_bright_voxels_near_the_truth(fusion_input, result, refits):
    summary = bootstrap_summary(refits, result, fusion_input.truth)
    assert 0 < float(summary["coverage"]) <= 1
    pull = summary["band_bias"] * summary["band_standard_error"]
    truth = band_images(fusion_input.truth["flux"].to_numpy().astype(float), 3)
    assert_allclose(pull, summary["band_flux"] - truth, rtol=1e-5, atol=1e-12)


@pytest.fixture(scope="module")
def larger_input():
    return simulate_model(
        "gaussian_1kev_rebinned", shape=(15, 12), n_energies=60, counts=2e5
    )


def bootstrapped(fusion_input, settings):
    result = fuse(fusion_input.observations, settings)
    refits = refit(fusion_input, settings, result, range(20), n_bands=4)
    return bootstrap_summary(refits, result, fusion_input.truth)


@pytest.mark.parametrize(
    "settings",
    [
        FusionSettings(regularizer="lrs", mu=3e-5, rank=12, tolerance=1e-3),
        FusionSettings(regularizer="w2d1d", mu=0.5, tolerance=3e-3),
    ],
    ids=["lrs", "w2d1d"],
)
def test_one_sigma_covers_the_truth_of_bright_bands(larger_input, settings):
    summary = bootstrapped(larger_input, settings)
    assert 0.60 <= float(summary["coverage"]) <= 0.76
    assert float(summary["bias_share"]) < 0.6


def test_the_bias_that_spoils_the_coverage_is_measured(larger_input):
    settings = FusionSettings(regularizer="lrs", mu=1e-3, rank=5, tolerance=1e-3)
    summary = bootstrapped(larger_input, settings)
    assert float(summary["coverage"]) < 0.6
    assert float(summary["bias_share"]) > 1


def test_errors_of_unit_variance_are_free_of_bias():
    rng = np.random.default_rng(3)
    pulls = rng.standard_normal(100_000)
    assert bias_share(pulls) < 0.1
    assert_allclose(bias_share(pulls + 2.0), 2.0, rtol=0.02)


def test_draws_have_the_mean_of_their_kind(fusion_input, result):
    recorded = fusion_input.observations["imager"]["counts"]
    drawn = draw_observations(fusion_input, result, 7, "counts")["imager"]["counts"]
    assert np.all(drawn.to_numpy()[recorded.to_numpy() == 0] == 0)
    about_model = draw_observations(fusion_input, result, 7)["imager"]["counts"]
    for found in (drawn, about_model):
        assert_allclose(found.sum(), recorded.sum(), rtol=0.03)


def test_bands_cover_every_energy_once():
    cube = np.random.default_rng(1).uniform(size=(7, 2, 3))
    assert_allclose(band_images(cube, 3).sum(axis=0), cube.sum(axis=0))
    with pytest.raises(HifredError, match="n_bands must be from 1 to"):
        band_images(cube, 8)


def test_one_refit_is_too_few(result, refits):
    one = Refits(1, refits.cube_sum, refits.cube_square_sum, refits.bands[:1])
    with pytest.raises(HifredError, match="at least 2 refits; got 1"):
        bootstrap_summary(one, result)


def test_a_truth_of_another_shape_is_refused(fusion_input, result, refits):
    with pytest.raises(HifredError, match="shape of the truth"):
        bootstrap_summary(refits, result, fusion_input.truth.isel(y=slice(1, None)))


def test_corrected_refits_have_a_summary_of_their_own(fusion_input, result):
    refits = refit(fusion_input, SETTINGS, result, range(3), n_bands=3, bias_steps=1)
    parts = [
        refit(fusion_input, SETTINGS, result, [seed], n_bands=3, bias_steps=1)
        for seed in range(3)
    ]
    assert_allclose((parts[0] + parts[1] + parts[2]).corrected.bands,
                    refits.corrected.bands)  # fmt: skip
    less = less_its_bias(result, fusion_input.observations, SETTINGS, 1)
    summary = corrected_summary(refits, result, less, fusion_input.truth)
    plain = bootstrap_summary(refits, result, fusion_input.truth)
    assert set(summary) == {*plain, "corrected_flux"} | {
        f"corrected_{n}" for n in plain
    }
    assert_allclose(summary["corrected_flux"], less)
    assert_allclose(summary["corrected_band_flux"], band_images(less, 3))
    spread = refits.corrected.bands.std(axis=0, ddof=1)
    assert_allclose(summary["corrected_band_standard_error"], spread)
    with pytest.raises(HifredError, match="refits must have been corrected"):
        corrected_summary(refit(fusion_input, SETTINGS, result, []), result, less)
