import numpy as np
from numpy.testing import assert_allclose

from hifred.products import CubeSet, measure_lines, moment_map
from tests.products.made_up_lines import line_cube

BANDS = {
    "moments": {"iron": {"band_kev": (6.6, 6.8)}},
    "ratios": {"slope": {"upper_kev": (6.8, 7.0), "lower_kev": (6.4, 6.6)}},
}


def test_bands_of_the_file_are_those_of_the_functions() -> None:
    cube, _ = line_cube((2, 3))
    maps = measure_lines(cube, BANDS)
    for order in (0, 1, 2):
        expected = moment_map(cube["flux"], (6.6, 6.8), order)
        assert_allclose(maps[f"moment_{order}_iron"], expected)
        assert maps[f"moment_{order}_iron"].attrs["units"]
    assert_allclose(maps["ratio_slope"], 1.0, atol=0.1)


def test_errors_of_bands_are_the_deviation_of_the_draws() -> None:
    cube, _ = line_cube((2, 3))
    flux = cube["flux"]
    draws = CubeSet(flux, [flux * 1.1, flux * 0.9, flux])
    maps = measure_lines(cube, BANDS, draws=draws)
    assert_allclose(maps["moment_0_iron_error"], 0.1 * maps["moment_0_iron"])
    assert np.abs(maps["moment_1_iron_error"]).max() < 1e-9
    assert "standard error" in maps["ratio_slope_error"].attrs["long_name"]
