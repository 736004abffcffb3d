import numpy as np
import pytest
from numpy.testing import assert_allclose

from hifred.errors import SettingsError
from hifred.simulation import (
    ShellScene,
    build_scene,
    simulate,
    simulate_model,
    simulate_scene,
    simulation_settings,
)

SMALL = {"shape": (18, 15), "n_energies": 60, "counts": 2e5}


@pytest.fixture(scope="module")
def small():
    return simulate_model("gaussian_1kev_rebinned", **SMALL)


def test_counts_are_those_asked_for(small):
    for name in ("imager", "spectrometer"):
        observation = small.observations[name]
        assert_allclose(observation["expected_counts"].sum(), 2e5, rtol=1e-6)
        assert_allclose(observation["counts"].sum(), 2e5, rtol=0.02)
    assert_allclose(small.truth["flux"].sum(), 1.0, rtol=1e-5)


def test_the_same_seed_draws_the_same_counts(small):
    again = simulate_model("gaussian_1kev_rebinned", **SMALL)
    other = simulate_model("gaussian_1kev_rebinned", **SMALL, seed=2)
    counts = small.observations["imager"]["counts"]
    assert counts.equals(again.observations["imager"]["counts"])
    assert not counts.equals(other.observations["imager"]["counts"])
    assert small.truth.equals(other.truth)


def test_another_remnant_has_its_own_seed(small):
    other = simulate_model("gaussian_1kev_rebinned", **SMALL, remnant={"seed": 2})
    assert not small.truth.equals(other.truth)


def test_variables_carry_units_and_names(small):
    for dataset in (small.truth, *small.observations.values()):
        for variable in dataset.variables.values():
            assert variable.attrs["units"]
            assert variable.attrs["long_name"]


class Transposed:
    """A scene whose rows and columns are swapped."""

    def __init__(self, scene):
        self.scene = scene

    def flux(self, energy_edges, y, x):
        return self.scene.flux(energy_edges, x, y).transpose(0, 2, 1)


def test_a_transposed_scene_transposes_both_data_sets():
    changes = SMALL | {"shape": (15, 15)}
    settings = simulation_settings("gaussian_1kev_rebinned", changes)
    straight = simulate(settings)
    swapped = simulate_scene(Transposed(build_scene(settings)), settings)
    for name in ("imager", "spectrometer"):
        found, expected = (
            f.observations[name]["expected_counts"].to_numpy()
            for f in (swapped, straight)
        )
        assert_allclose(found, expected.transpose(0, 2, 1), atol=1e-9 * found.max())
        assert not np.allclose(found, expected)


def test_a_quarter_turn_of_the_remnant_turns_both_data_sets():
    changes = SMALL | {"shape": (15, 15)}
    straight, turned = (
        simulate_model(
            "gaussian_1kev_rebinned", **changes, remnant={"position_angle_deg": angle}
        )
        for angle in (0.0, 90.0)
    )
    for name in ("imager", "spectrometer"):
        found, expected = (
            f.observations[name]["expected_counts"].to_numpy()
            for f in (turned, straight)
        )
        # The turn brings +x, the last column, to +y, the last row.
        rotated = np.rot90(expected, k=-1, axes=(1, 2))
        assert_allclose(found, rotated, atol=1e-4 * found.max())


def test_flux_leaks_in_from_a_margin(small):
    leaking = simulate_model(
        "gaussian_1kev_rebinned", **SMALL, margin_pixels=6, margin_channels=4
    )
    assert leaking.truth["flux"].shape == small.truth["flux"].shape
    flux = small.truth["flux"]
    assert_allclose(leaking.truth["flux"], flux, atol=2e-3 * float(flux.max()))
    name = "spectrometer"
    inner, outer = (
        f.observations[name]["expected_counts"] / f.observations[name]["exposure_time"]
        for f in (small, leaking)
    )
    gain = (outer.sum("channel") / inner.sum("channel")).to_numpy()
    assert np.all(gain > 0.999)
    assert gain[0, 0] > gain[2, 2]


def test_data_from_the_scene_agree_with_data_from_the_truth():
    # With margins there are no edges, and Gaussian kernels match exactly.
    changes = SMALL | {"margin_pixels": 9, "n_energies": 240, "margin_channels": 12}
    ways = [
        simulate_model("gaussian_1kev_rebinned", **changes, data_from=way)
        for way in ("truth", "scene")
    ]
    for name in ("imager", "spectrometer"):
        truth_way, scene_way = (f.observations[name]["expected_counts"] for f in ways)
        middle = {"y": slice(2, -2), "x": slice(2, -2)}
        error = np.abs(truth_way - scene_way).isel(middle).max()
        assert error < 0.02 * truth_way.max()


def test_background_is_expected_and_recorded():
    changes = SMALL | {"imager": {"background_counts": 5e4}}
    imager = simulate_model("gaussian_1kev_rebinned", **changes).observations["imager"]
    assert_allclose(imager["background"].sum(), 5e4)
    assert_allclose(imager["expected_counts"].sum(), 2.5e5, rtol=1e-6)


def test_a_line_of_a_shell_has_two_doppler_peaks():
    settings = simulation_settings(
        "gaussian_6kev", {"shape": (15, 15), "scene": "line_shell", "line_kev": 6.5}
    )
    cube = simulate(settings).truth["flux"].to_numpy()
    centre, limb = cube[:, 7, 7], cube[:, 7, 1]
    energy = simulate(settings).truth["energy"].to_numpy()
    blue, red = (
        energy[part][centre[part].argmax()] for part in (energy > 6.5, energy < 6.5)
    )
    shift = 6.5 * 7000 / 299792.458
    assert_allclose([red, blue], [6.5 - shift, 6.5 + shift], atol=0.003)
    assert centre[np.abs(energy - 6.5).argmin()] < 0.05 * centre.max()
    mean = np.sum(limb * energy) / limb.sum()
    assert np.sqrt(np.sum(limb * (energy - mean) ** 2) / limb.sum()) < 0.6 * shift


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"shape": (17, 15)}, r"shape must be a multiple .* 3; got \(17, 15\)"),
        ({"imager.channel_rebinning": 7}, "must divide n_energies = 60; got 7"),
    ],
)
def test_rebinnings_that_do_not_divide_are_refused(changes, sentence):
    with pytest.raises(SettingsError, match=sentence):
        simulate_model("gaussian_1kev_rebinned", **(SMALL | changes))


def test_the_shell_alone_is_hollow(small):
    shell = simulate_model("gaussian_1kev_rebinned", **SMALL, scene="shell")
    whole, hollow = (f.truth["flux"].sum("energy").to_numpy() for f in (small, shell))
    assert hollow[9, 7] / hollow.max() < whole[9, 7] / whole.max()


def test_a_dark_scene_is_refused():
    settings = simulation_settings("gaussian_1kev_rebinned", SMALL)
    with pytest.raises(SettingsError, match="somewhere bright; got values from 0 to 0"):
        simulate_scene(ShellScene(5.0, 60.0), settings)
