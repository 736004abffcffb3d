from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from hifred.plots.layers import (
    channel_exposure,
    counts_layer,
    counts_layers,
    energy_edges,
    flux_layer,
    fusion_layer,
    truth_layer,
)
from hifred.plots.regions import Region
from tests.made_up import make_observation, make_truth
from tests.posterior.made_up_draws import fit_of, made_up_draws

BAND = (0.5, 1.4)
FIELD = Region((-1e3, 1e3), (-1e3, 1e3))


@pytest.fixture(scope="module")
def truth():
    return make_truth()


def test_image_is_flux_per_kev_and_arcsec2(truth) -> None:
    layer = truth_layer(truth)
    expected = truth["flux"].sum("energy").to_numpy() / (0.9 * 100.0)
    assert_allclose(layer.image(BAND), expected)


@pytest.mark.parametrize("role", ["imager", "spectrometer"])
def test_counts_and_truth_share_one_unit(truth, role) -> None:
    observation = make_observation(truth, role)
    observation["counts"] = observation["expected_counts"]
    layer = counts_layer(observation)
    reference = truth_layer(truth).image(BAND).mean()
    assert layer.image(BAND).mean() == pytest.approx(reference, rel=2e-3)


def test_spectrum_of_a_pixel_is_that_pixel(truth) -> None:
    layer = truth_layer(truth)
    spectrum = layer.spectrum(Region.pixel(layer.y[2], layer.x[5]))
    width = np.diff(truth["energy_edges"])
    assert_allclose(
        spectrum.values, truth["flux"].to_numpy()[:, 2, 5] / (width * 100.0)
    )
    assert not spectrum.has_errors


def test_poisson_interval_holds_the_value(truth) -> None:
    layer = counts_layer(make_observation(truth, "imager"))
    spectrum = layer.spectrum(Region.pixel(0.0, 0.0))
    assert (spectrum.lower <= spectrum.values).all()
    assert (spectrum.upper > spectrum.values).all()


def test_empty_bins_have_an_upper_limit(truth) -> None:
    observation = make_observation(truth, "imager")
    observation["counts"] = observation["counts"] * 0
    spectrum = counts_layer(observation).spectrum(Region.pixel(0.0, 0.0))
    assert (spectrum.values == 0).all()
    assert (spectrum.upper > 0).all()


def test_background_is_taken_off(truth) -> None:
    observation = make_observation(truth, "imager")
    observation["background"] = observation["counts"] * 1.0
    layer = counts_layer(observation)
    assert_allclose(layer.image(BAND), 0.0, atol=1e-20)
    assert_allclose(layer.spectrum(FIELD).values, 0.0, atol=1e-20)


def test_masked_voxels_are_empty(truth) -> None:
    observation = make_observation(truth, "imager")
    observation["mask"] = observation["counts"] < 0
    assert counts_layer(observation).native_image(BAND).sum() == 0


@pytest.mark.parametrize("region", [Region((-20, 30), (-9, 9)), np.eye(12, 9) / 2])
def test_a_spectrum_from_a_sum_is_that_of_the_region(truth, region) -> None:
    layer = truth_layer(truth)
    found = layer.mean_spectrum(layer.total(region), region, group=5)
    expected = layer.spectrum(region, group=5)
    assert_allclose(found.values, expected.values)
    assert_allclose(found.edges, expected.edges)
    assert not found.has_errors


def test_grouping_keeps_the_photons(truth) -> None:
    layer = truth_layer(truth)
    fine, coarse = (layer.spectrum(FIELD, group=group) for group in (1, 5))
    assert coarse.values.size == 5
    assert_allclose(
        np.sum(fine.values * np.diff(fine.edges)),
        np.sum(coarse.values * np.diff(coarse.edges)),
    )


def test_deviations_add_in_squares(truth) -> None:
    deviation = np.full(truth["flux"].shape, 1e-8)
    layer = flux_layer(truth, label="fusion", role="fusion", deviation=deviation)
    spectrum = layer.spectrum(Region((-50, 50), (-30, 30)))
    rows, columns = Region((-50, 50), (-30, 30)).slices(layer.y, layer.x)
    size = (rows.stop - rows.start) * (columns.stop - columns.start)
    width = np.diff(layer.edges)
    assert_allclose(
        spectrum.upper - spectrum.values, 1e-8 / (np.sqrt(size) * width * 100.0)
    )


@pytest.mark.parametrize(
    "region", [Region((0, 1), (1, 2)), np.array([[0, 0.5, 1, 0]] * 3), None]
)
def test_errors_of_spectra_are_taken_in_each_draw(region) -> None:
    draws = made_up_draws(40)
    layer = fusion_layer(fit_of(draws), draws=draws)
    spectrum = layer.spectrum(region, group=3)
    each = [replace(layer, values=c.to_numpy(), draws=None) for c in draws.cubes()]
    values = np.stack([one.spectrum(region, group=3).values for one in each])
    assert_allclose(spectrum.lower, np.quantile(values, 0.15865, axis=0))
    assert_allclose(spectrum.upper, np.quantile(values, 0.84135, axis=0))
    assert spectrum.has_errors


def test_the_error_of_an_image_is_that_of_sums_in_each_draw() -> None:
    draws = made_up_draws(12)
    layer = fusion_layer(fit_of(draws), draws=draws)
    band = (0.6, 0.9)
    each = [replace(layer, values=c.to_numpy()).image(band) for c in draws.cubes()]
    assert_allclose(layer.image_error(band), np.std(each, axis=0, ddof=1))
    assert fusion_layer(fit_of(draws)).image_error(band) is None


def test_a_band_between_two_bins_takes_the_nearest(truth) -> None:
    layer = truth_layer(truth)
    assert layer.bins((0.9999, 1.0)).stop - layer.bins((0.9999, 1.0)).start == 1


def test_exposure_is_the_mean_over_the_channel(truth) -> None:
    observation = make_observation(truth, "imager")
    area = observation["effective_area"].to_numpy().reshape(8, 3).mean(axis=1)
    assert_allclose(channel_exposure(observation), 2e5 * area)


def test_edges_are_rebuilt_where_they_are_absent(truth) -> None:
    assert_allclose(
        energy_edges(truth.drop_vars("energy_edges")), truth["energy_edges"]
    )


def test_extent_runs_to_the_pixel_edges(truth) -> None:
    layer = replace(truth_layer(truth))
    assert layer.extent == (-45.0, 45.0, -60.0, 60.0)


def test_instruments_of_one_name_are_called_by_their_key() -> None:
    truth = make_truth()
    one = make_observation(truth, "imager").assign_attrs(instrument="EPIC")
    other = make_observation(truth, "spectrometer").assign_attrs(instrument="EPIC")
    layers = counts_layers({"mos1": one, "mos2": one, "pn": other})
    assert [layer.label for layer in layers.values()] == [
        "mos1 (imager)", "mos2 (imager)", "EPIC (spectrometer)",
    ]  # fmt: skip
