import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from numpy.testing import assert_allclose

from hifred.errors import HifredError
from hifred.observations.geometry.pixel_grid import (
    grid_from_header,
    grid_from_text,
    resolve_array,
    tangent_grid,
)
from tests.laws import assert_same_sky


def test_the_middle_of_the_grid_is_its_centre() -> None:
    grid = tangent_grid(210.2, -63.4, pixel_size_arcsec=4, shape=(5, 8), roll_deg=30)
    assert_same_sky(grid.sky_of(2.0, 3.5), SkyCoord(210.2, -63.4, unit="deg"), 1e-10)
    assert grid.pixel_size_arcsec == pytest.approx(4)
    y, x = grid.offsets
    assert_allclose(y, [-8, -4, 0, 4, 8])
    assert x.shape == (8,)


def test_the_stored_text_gives_the_grid_back() -> None:
    grid = tangent_grid(210.2, -63.4, pixel_size_arcsec=4, shape=(5, 8), roll_deg=30)
    again = grid_from_text(grid.header_text)
    assert again.shape == grid.shape
    assert_same_sky(again.sky_of(1, 6), grid.sky_of(1, 6), 1e-11)


def test_widening_keeps_the_positions() -> None:
    grid = tangent_grid(210.2, -63.4, pixel_size_arcsec=4, shape=(5, 8))
    assert_same_sky(grid.widened(3).sky_of(4, 5), grid.sky_of(1, 2), 1e-11)


def test_the_resolve_array_has_its_field() -> None:
    grid = resolve_array(10, 20)
    assert grid.shape == (6, 6)
    assert 6 * grid.pixel_size_arcsec / 60 == pytest.approx(3.06, abs=0.01)


def test_a_header_without_a_celestial_wcs_is_told() -> None:
    header = fits.PrimaryHDU(np.zeros((3, 4))).header
    with pytest.raises(HifredError, match=r"x\[PRIMARY\] must have a celestial WCS"):
        grid_from_header(header, "x[PRIMARY]")


def test_pixels_of_no_size_are_told() -> None:
    with pytest.raises(HifredError, match="pixel_size_arcsec and shape must be above"):
        tangent_grid(0, 0, pixel_size_arcsec=0, shape=(3, 3))
