import numpy as np
import pytest
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


def test_a_band_that_reaches_beyond_the_cube_is_told_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    cube, _ = line_cube((1, 2))
    draws = CubeSet(cube["flux"], [cube["flux"]] * 3)
    measure_lines(cube, BANDS, draws=draws)
    assert not caplog.messages
    measure_lines(cube, {"moments": {"all": {"band_kev": (6.0, 6.8)}}}, draws=draws)
    (told,) = caplog.messages
    assert "from 6 to 6.8 keV reaches beyond the cube: its maps hold 6.4" in told
