import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_allclose

from hifred.errors import HifredError, SettingsError
from hifred.posterior import Draws
from hifred.products import CountDraws, CubeSet, measure_lines, shown, spectrometer_cube
from hifred.products.quantities import QUANTITIES, velocity_km_s
from tests.products.made_up_lines import line_cube
from tests.scenes import observe, sky_cube

IRON = {"lines": {"iron": {"energy_kev": 6.7}}, "reach_km_s": 2500.0}


def test_maps_have_the_velocities_of_the_cube() -> None:
    cube, velocity = line_cube((3, 5))
    found = measure_lines(cube, IRON)
    assert found["velocity"].dims == ("line", "y", "x")
    assert_allclose(found["velocity"][0].mean("y"), velocity, atol=15)
    assert_allclose(found["moment_velocity"][0].mean("y"), velocity, atol=60)
    assert_allclose(found["width"][0].mean(), 250.0, rtol=0.05)
    assert_allclose(found["flux"][0].mean(), 0.4, rtol=0.02)
    assert_allclose(found["equivalent_width"][0].mean(), 50.0, rtol=0.05)
    assert (found["status"] == 0).all()


def test_every_variable_says_its_unit_and_name() -> None:
    cube, _ = line_cube((2, 3))
    found = measure_lines(cube, IRON, draws=CountDraws(cube, 3))
    for name in QUANTITIES:
        for variable in (name, f"{name}_error", f"{name}_lower", f"{name}_upper"):
            assert found[variable].attrs["units"] == QUANTITIES[name].units
    for variable in found.data_vars.values():
        assert variable.attrs["long_name"]
        assert variable.attrs["units"]
    assert found["velocity"].attrs["units"] == "km s-1"
    assert found.attrs["resolution_removed"] == 1


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    cube, velocity = line_cube((12, 12), counts=1500.0)
    found = measure_lines(cube, IRON, draws=CountDraws(cube, 60))
    truths = {"velocity": velocity, "width": 250.0, "flux": 0.15}
    for name, truth in truths.items():
        lower, upper = found[f"{name}_lower"][0], found[f"{name}_upper"][0]
        share = float(((lower <= truth) & (truth <= upper)).mean())
        # Of 144 pixels the share scatters by 4 %, and 60 draws widen nothing.
        assert 0.55 < share < 0.80, name
        scatter = float((found[name][0] - truth).std())
        assert_allclose(found[f"{name}_error"].mean(), scatter, rtol=0.2)


def test_intervals_of_few_draws_hold_one_more_as_often_as_they_say() -> None:
    cube, _ = line_cube((20, 20), seed=None)
    one, *others = CountDraws(cube, 9).cubes()
    settings = IRON | {"components": 1}
    found = measure_lines(cube, settings, draws=CubeSet(cube["flux"], others))
    flux = measure_lines(cube.assign(flux=one), settings)["flux"]
    is_inside = (found["flux_lower"] <= flux) & (flux <= found["flux_upper"])
    # Of 400 pixels the share scatters by 2.3 %; quantiles of the eight hold 53 %.
    assert_allclose(is_inside.mean(), 0.68, atol=0.07)


def test_a_set_of_cubes_serves_as_draws() -> None:
    cube, _ = line_cube((2, 3))
    cubes = list(CountDraws(cube, 5).cubes())
    from_list = measure_lines(cube, IRON, draws=CubeSet(cube["flux"], cubes))
    stacked = CubeSet(cube["flux"], xr.concat(cubes, "replica"))
    xr.testing.assert_identical(from_list, measure_lines(cube, IRON, draws=stacked))


def test_draws_of_low_rank_are_measured_like_their_cubes() -> None:
    cube, _ = line_cube((2, 3), seed=None)
    scaled = cube["flux"] * cube["reference_exposure"]
    basis, values, images = np.linalg.svd(
        scaled.to_numpy().reshape(600, -1), full_matrices=False
    )
    images = (values[:, None] * images)[:3].reshape(3, 2, 3)
    rng = np.random.default_rng(7)
    drawn = images[..., None] * (1 + 0.02 * rng.standard_normal((3, 2, 3, 5)))
    data = cube[["reference_exposure"]].assign(
        spectral_basis=(("component", "energy"), basis[:, :3].T),
        coefficients=(("component", "y", "x"), images),
        drawn_coefficients=(("component", "y", "x", "draw"), drawn),
    )
    draws = Draws(data)
    fast = measure_lines(cube, IRON, draws=draws)
    slow = measure_lines(cube, IRON, draws=CubeSet(draws.fit, list(draws.cubes())))
    for name in ("flux_error", "velocity_lower", "width_upper"):
        assert_allclose(fast[name], slow[name], rtol=1e-3)


def test_progress_is_told_for_every_cube() -> None:
    cube, _ = line_cube((2, 3))
    told = []
    measure_lines(
        cube, IRON, draws=CountDraws(cube, 4), on_progress=lambda *n: told.append(n)
    )
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_a_faint_line_has_no_velocity_to_show() -> None:
    cube, _ = line_cube((2, 3), counts=400.0)
    cube["flux"][:, 1, 2] = cube["flux"][:, 1, 2].mean()
    found = measure_lines(cube, IRON)
    assert found["status"][0, 1, 2] == 1
    assert np.isnan(shown(found, "velocity")[0, 1, 2])
    assert np.isfinite(shown(found, "flux")[0, 1, 2])
    assert np.isfinite(shown(found, "velocity")[0, 0, 0])
    assert found["status"].attrs["flag_meanings"].split()[1] == "faint"


def test_a_dark_pixel_is_told_as_dark() -> None:
    cube, _ = line_cube((2, 3))
    cube["flux"][:, 0, 1] = 0.0
    found = measure_lines(cube, IRON, draws=CountDraws(cube, 3))
    assert found["status"][0, 0, 1] == 3
    assert np.isnan(found["velocity"][0, 0, 1])


@pytest.mark.parametrize("binning", ["voronoi", "weighted"])
@pytest.mark.parametrize("target", [{"target_counts": 4000}, {"target_snr": 25}])
def test_groups_of_pixels_share_their_values(binning, target) -> None:
    cube, _ = line_cube((6, 7), counts=300.0)
    found = measure_lines(cube, IRON | {"binning": binning} | target)
    number = found["bin_number"][0].to_numpy()
    assert 3 < number.max() + 1 < 30
    velocity = found["velocity"][0].to_numpy()
    for group in range(number.max() + 1):
        assert np.ptp(velocity[number == group]) == 0.0


def test_a_group_has_the_flux_of_all_its_pixels() -> None:
    cube, _ = line_cube((3, 4), counts=500.0, seed=None)
    settings = IRON | {"binning": "voronoi", "target_counts": 5e3}
    pixels = measure_lines(cube, IRON)["moment_flux"][0].to_numpy()
    found = measure_lines(cube, settings)
    number = found["bin_number"][0].to_numpy()
    total = np.bincount(number.ravel(), pixels.ravel())
    assert_allclose(found["moment_flux"][0].to_numpy(), total[number])


def test_one_bare_array_is_enough() -> None:
    cube, velocity = line_cube((2, 5), seed=None)
    found = measure_lines(cube["flux"].drop_vars("energy_edges", errors="ignore"), IRON)
    assert_allclose(found["velocity"][0, 0], velocity, atol=1.0)
    assert found.attrs["resolution_removed"] == 0
    # The resolution is still in the width.
    assert_allclose(found["width"][0], np.hypot(250.0, 111.9), rtol=0.01)


def test_conventions_agree_at_rest_and_differ_far_from_it() -> None:
    energies = np.array([1.0, 0.99])
    radio, optical, relativistic = (
        velocity_km_s(energies, 1.0, c) for c in ("radio", "optical", "relativistic")
    )
    assert radio[0] == optical[0] == relativistic[0] == 0.0
    assert radio[1] == pytest.approx(2997.92458)
    assert optical[1] == pytest.approx(299792.458 / 99)
    beta = relativistic[1] / 299792.458
    assert np.sqrt((1 - beta) / (1 + beta)) == pytest.approx(0.99)


def test_two_gaussians_are_told_apart_in_a_cube() -> None:
    first, _ = line_cube((2, 3), counts=4000.0, seed=None)
    second = first["flux"].isel(x=slice(None, None, -1)).to_numpy()
    cube = first.assign(flux=first["flux"] + second)
    found = measure_lines(cube, IRON)
    # At the rims 1600 km/s apart, in the middle not at all.
    assert found["components"][0, 0].to_numpy().tolist() == [2, 1, 2]
    assert_allclose(found["blue_velocity"][0, :, 0], -800.0, atol=2)
    assert_allclose(found["red_velocity"][0, :, 2], 800.0, atol=2)
    assert np.isnan(found["red_velocity"][0, 0, 1])
    one = measure_lines(cube, IRON | {"components": 1})
    assert (one["components"] == 1).all()
    assert one["width"][0, 0, 0] > 700.0


def test_the_mean_of_a_line_does_not_jump_where_two_are_told() -> None:
    first, _ = line_cube((2, 3), counts=4000.0, seed=None)
    second = 0.5 * first["flux"].isel(x=slice(None, None, -1)).to_numpy()
    cube = first.assign(flux=first["flux"] + second)
    auto, one, two = (
        measure_lines(cube, IRON | {"components": n}) for n in ("auto", 1, 2)
    )
    assert auto["components"][0, 0].to_numpy().tolist() == [2, 1, 2]
    for name in ("flux", "velocity", "width", "equivalent_width"):
        assert_allclose(auto[name], one[name])
    assert_allclose(auto["red_velocity"][0, :, 2], two["red_velocity"][0, :, 2])
    # Those of 1 and of 2 to 1 part of the flux at 800 km/s on either side.
    assert_allclose(two["velocity"][0, :, 0], -800.0 / 3, atol=2)


def test_the_counts_of_a_spectrometer_are_a_cube() -> None:
    data = observe(sky_cube((48, 6, 9)), rng=np.random.default_rng(2))
    cube = spectrometer_cube(data["spectrometer"])
    counts = cube["flux"] * cube["reference_exposure"]
    assert_allclose(counts, data["spectrometer"]["counts"].to_numpy())
    found = measure_lines(
        cube, {"lines": {"middle": {"energy_kev": 0.8, "window_kev": (0.72, 0.88)}}}
    )
    assert found["flux"].shape == (1, 2, 3)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({}, "at least one line, moment or ratio"),
        ({"lines": {"a": {}}}, "must have either line or energy_kev; got neither"),
        ({"lines": {"a": {"line": "Fe XXV w", "energy_kev": 6.7}}}, "line and energy"),
        ({"lines": {"a": {"energy": 6.7}}}, "did you mean 'energy_kev'"),
        (
            {"lines": {"a": {"energy_kev": 6.7}}, "binning": "voronoi"},
            "must have either target_counts or target_snr; got 0",
        ),
        ({"lines": {"a": {"energy_kev": -1}}}, "must be a number > 0"),
    ],
)
def test_settings_that_make_no_sense_are_told(table, words) -> None:
    cube, _ = line_cube((2, 3))
    with pytest.raises(SettingsError, match=words):
        measure_lines(cube, table)


def test_draws_of_another_cube_are_told() -> None:
    cube, _ = line_cube((2, 3))
    other, _ = line_cube((3, 3))
    with pytest.raises(HifredError, match="draws must have the shape of the cube"):
        measure_lines(cube, IRON, draws=CountDraws(other, 2))
    with pytest.raises(HifredError, match="draws must hold at least 2 cubes; got 1"):
        measure_lines(cube, IRON, draws=CountDraws(cube, 1))


def test_what_is_no_cube_is_told() -> None:
    cube, _ = line_cube((2, 3))
    with pytest.raises(HifredError, match="must have flux with dims"):
        measure_lines(cube.drop_vars("flux"), IRON)
    with pytest.raises(HifredError, match="must have energies in keV; got none"):
        measure_lines(cube["flux"].drop_vars(["energy"]), IRON)
    spoilt = cube.copy(deep=True)
    spoilt["flux"][4, 0, 0] = np.nan
    with pytest.raises(HifredError, match="flux must be finite"):
        measure_lines(spoilt, IRON)
    uneven = cube["flux"].assign_coords(energy=cube["energy"] ** 2)
    with pytest.raises(HifredError, match="must increase evenly"):
        measure_lines(uneven, IRON)
