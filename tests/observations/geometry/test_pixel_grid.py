import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from numpy.testing import assert_allclose

from hifred.errors import HifredError
from hifred.observations.geometry.celestial import celestial_wcs
from hifred.observations.geometry.pixel_grid import (
    PixelGrid,
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


@pytest.mark.parametrize("missing", ["CRVAL2", "CRPIX1", "CDELT2"])
def test_a_place_that_is_half_told_is_told(missing: str) -> None:
    header = tangent_grid(1, 2, pixel_size_arcsec=3, shape=(4, 5)).wcs.to_header()
    del header[missing]
    with pytest.raises(HifredError, match=f"x must have {missing} for its place"):
        celestial_wcs(header, "x")


def test_a_distortion_is_told() -> None:
    header = tangent_grid(1, 2, pixel_size_arcsec=3, shape=(4, 5)).wcs.to_header()
    header.update(CTYPE1="RA---TAN-SIP", CTYPE2="DEC--TAN-SIP", A_ORDER=2, B_ORDER=2)
    header.update(A_2_0=1e-3, B_0_2=1e-3)
    with pytest.raises(HifredError, match="x must have no distortion"):
        celestial_wcs(header, "x")


def test_pixels_that_are_no_squares_on_the_sky_are_told() -> None:
    """The plate carree projection stretches pixels away from its equator."""
    wcs = tangent_grid(83, 0, pixel_size_arcsec=8, shape=(4, 5)).wcs.deepcopy()
    wcs.wcs.ctype = ["RA---CAR", "DEC--CAR"]
    wcs.wcs.crpix = [3, 2.5 - 60 * 3600 / 8]
    grid = PixelGrid(wcs, (4, 5))
    assert_allclose(np.abs(np.diag(grid.steps)), [4, 8], rtol=1e-3)
    with pytest.raises(HifredError, match=r"sky must have square .* 4 x 8 arcsec"):
        grid.check_square("the sky")
    tangent_grid(83, 60, pixel_size_arcsec=8, shape=(4, 5)).check_square("the sky")


@pytest.mark.parametrize("matrix", ["PC", "CD"])
def test_other_pixels_have_the_same_directions(matrix: str) -> None:
    header = tangent_grid(
        83, 22, pixel_size_arcsec=8, shape=(4, 5), roll_deg=30
    ).wcs.to_header()
    if matrix == "CD":
        for i in (1, 2):
            step = header.pop(f"CDELT{i}")
            for j in (1, 2):
                header[f"CD{i}_{j}"] = step * header.pop(f"PC{i}_{j}")
    header.update(NAXIS1=5, NAXIS2=4)
    grid = grid_from_header(header, "x")
    other = grid.with_size(2.0, (9, 7))
    assert other.shape == (9, 7)
    assert other.pixel_size_arcsec == pytest.approx(2)
    assert_allclose(other.steps, grid.steps / 4, atol=1e-6)
    assert other.centre.separation(grid.centre).arcsec < 1e-6
