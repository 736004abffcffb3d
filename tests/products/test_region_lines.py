import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_allclose

from hifred.errors import HifredError
from hifred.observations.geometry.pixel_grid import tangent_grid
from hifred.products import CountDraws, CubeSet, measure_lines, region_lines
from hifred.products.settings import LineSettings
from hifred.regions import SkyField, parse_regions
from tests.products.made_up_lines import line_cube

SETTINGS = LineSettings(lines={"iron": {"energy_kev": 6.7}}, reach_km_s=2500.0)


def regions(cube: xr.Dataset, text: str):
    shape = cube["flux"].shape[1:]
    grid = tangent_grid(10.0, 20.0, pixel_size_arcsec=10.0, shape=shape)
    return parse_regions(text, SkyField(grid, cube["y"].values, cube["x"].values))


LEFT = "image\nbox(1.5,2,2,3,0) # text={left}\nbox(4.75,2,0.5,3,0) # text={part}"


def test_a_region_has_the_sum_of_its_shares_of_pixels() -> None:
    cube, velocity = line_cube((3, 5), seed=None)
    found = region_lines(cube, regions(cube, LEFT), SETTINGS)
    pixels = measure_lines(cube, SETTINGS)["moment_flux"][0].to_numpy()
    assert found["region"].to_numpy().tolist() == ["left", "part"]
    assert_allclose(found["moment_flux"][0, 0], pixels[:, :2].sum())
    assert_allclose(found["moment_flux"][0, 1], 0.5 * pixels[:, 4].sum())
    assert_allclose(found["moment_velocity"][0, 0], velocity[:2].mean(), atol=2)
    assert_allclose(found["velocity"][0, 1], velocity[4], atol=1)
    assert found["velocity"].attrs["units"] == "km s-1"


def test_errors_of_a_region_are_those_of_its_draws() -> None:
    cube, _ = line_cube((3, 5))
    flux = cube["flux"]
    draws = CubeSet(flux, [flux * 1.1, flux * 0.9, flux])
    found = region_lines(cube, regions(cube, LEFT), SETTINGS, draws=draws)
    assert_allclose(found["moment_flux_error"], 0.1 * found["moment_flux"])
    fewer = region_lines(
        cube, regions(cube, LEFT), SETTINGS, draws=CountDraws(cube, 20)
    )
    pixels = measure_lines(cube, SETTINGS, draws=CountDraws(cube, 20))
    assert float(fewer["velocity_error"][0, 0]) < float(pixels["velocity_error"].min())


def test_regions_of_other_pixels_are_told() -> None:
    cube, _ = line_cube((3, 5))
    other, _ = line_cube((4, 5))
    with pytest.raises(
        HifredError, match="region 'left' must lie on the cube's pixels"
    ):
        region_lines(cube, regions(other, LEFT), SETTINGS)
    with pytest.raises(HifredError, match="regions must hold at least one"):
        region_lines(cube, [], SETTINGS)
    assert np.isfinite(cube["flux"]).all()
