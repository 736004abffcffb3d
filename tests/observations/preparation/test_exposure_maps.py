from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from numpy.testing import assert_allclose

from hifred.errors import HifredError
from hifred.observations.formats.fits_images import SkyImage, read_sky_image
from hifred.observations.geometry.pixel_grid import tangent_grid
from hifred.observations.preparation.exposure_maps import (
    ExposureMap,
    exposure_level,
    exposure_of,
    exposure_of_files,
)

GRID = tangent_grid(10, -30, pixel_size_arcsec=2.3, shape=(40, 44))


def exposure(
    values: np.ndarray, unit: str = "s", edges: np.ndarray | None = None
) -> ExposureMap:
    return exposure_of(SkyImage(values, GRID, unit, edges), GRID, (2.0, 5.0), "a.fits")


def with_gap() -> np.ndarray:
    values = np.full((40, 44), 2e4)
    values[:, 30:] = 1e4
    values[:, 40:] = 0
    return values


def test_an_exposure_map_becomes_vignetting() -> None:
    found = exposure(with_gap())
    assert found.exposure_time == 2e4
    assert_allclose(found.vignetting[5, [3, 33, 42]], [1, 0.5, 0], atol=1e-6)


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan])
def test_an_exposure_map_of_nothing_is_told(value: float) -> None:
    with pytest.raises(HifredError, match="exposure map must be finite"):
        exposure(np.full((40, 44), value))


@pytest.mark.parametrize(
    ("unit", "factor", "time"),
    [
        ("s", 1, 2e4), ("ks", 1e-3, 2e4), ("sec", 1, 2e4), ("ksec", 1e-3, 2e4),
        ("m2 s", 5.0, None), ("cm**2 s", 500, None), ("CM**2 S", 500, None),
        ("cm**2 s count/photon", 500, None), ("", 500, None), ("count/photon", 1, None),
    ],
)  # fmt: skip
def test_only_a_map_of_time_tells_the_time(
    unit: str, factor: float, time: float | None
) -> None:
    found = exposure(with_gap() * factor, unit)
    assert found.exposure_time == (time if time is None else pytest.approx(time))
    assert_allclose(found.vignetting[5, [3, 33, 42]], [1, 0.5, 0], atol=1e-6)


def test_a_map_of_something_else_is_told() -> None:
    with pytest.raises(HifredError, match=r"a.fits must be in s, .* got BUNIT 'keV'"):
        exposure(with_gap(), "keV")


@pytest.mark.parametrize("nothing", [np.nan, np.inf, -1e-3])
def test_what_is_undefined_outside_the_field_is_not_exposed(nothing: float) -> None:
    values = with_gap()
    values[:, 40:] = nothing
    assert_allclose(exposure(values).vignetting, exposure(with_gap()).vignetting)


def test_a_spike_does_not_lower_the_area(caplog: pytest.LogCaptureFixture) -> None:
    values = with_gap()
    values[:, 0] *= 1.13  # a column at the edge
    values[20, 29] *= 1.4
    found = exposure(values)
    assert found.exposure_time == 2e4
    assert_allclose(found.vignetting, exposure(with_gap()).vignetting, atol=1e-9)
    assert "41 pixels above its level, up to 40.0 % at row 20, column 29" in caplog.text


def test_a_smooth_peak_is_the_level() -> None:
    y, x = np.indices((31, 31)) - 15
    assert exposure_level(1 - 0.5 * (x**2 + y**2) / 15**2) == 1.0


def test_the_planes_of_the_band_are_averaged() -> None:
    values = np.stack([with_gap(), 3 * with_gap()[:, ::-1], with_gap()])
    edges = np.array([1.0, 2.0, 4.0, 6.0])
    found = exposure(values, "m2 s", edges)
    assert_allclose(found.vignetting[5, [1, 20, 42]], [0.5, 1, 0.5], atol=1e-6)


def test_an_exposure_cube_as_gammapy_writes_it(tmp_path: Path) -> None:
    """Its planes are of true energy, in a table whose name BANDSHDU tells."""
    edges = np.geomspace(1.0, 7.0, 5)
    columns = [
        fits.Column(f"ENERGY_TRUE{end}", "D", unit="keV", array=values)
        for end, values in (("_MIN", edges[:-1]), ("_MAX", edges[1:]))
    ]
    table = fits.BinTableHDU.from_columns(columns, name="PRIMARY_BANDS")
    cube = np.stack([level * with_gap() for level in (9, 1, 2, 9)])
    cube[[0, 3]] = cube[[0, 3], :, ::-1]  # planes that the band does not touch
    hdu = fits.PrimaryHDU(cube, GRID.wcs.to_header())
    hdu.header.update(BUNIT="m2 s", BANDSHDU="PRIMARY_BANDS")
    fits.HDUList([hdu, table]).writeto(tmp_path / "expo.fits")
    image = read_sky_image(tmp_path / "expo.fits")
    found = exposure_of(image, GRID, (1.8, 4.2), "expo.fits")
    assert found.exposure_time is None
    assert_allclose(found.vignetting[5, [3, 33, 42]], [1, 0.5, 0], atol=1e-6)


def map_file(path: Path, values: np.ndarray, unit: str) -> str:
    hdu = fits.PrimaryHDU(values, GRID.wcs.to_header())
    hdu.header["BUNIT"] = unit
    hdu.writeto(path)
    return str(path)


def test_maps_of_several_lists_are_added(tmp_path: Path) -> None:
    half = np.zeros((40, 44))
    half[:, :22] = 30.0  # ks
    paths = [
        map_file(tmp_path / "a.fits", with_gap(), "s"),
        map_file(tmp_path / "b.fits", half, "ks"),
    ]
    found = exposure_of_files(paths, GRID, (2.0, 5.0))
    assert found.exposure_time == pytest.approx(5e4)
    # Each place got its own seconds, of the 50 ks of both.
    seconds = 5e4 * found.vignetting[5, [3, 25, 33, 42]]
    assert_allclose(seconds, [5e4, 2e4, 1e4, 0], atol=0.1)


def test_maps_that_cannot_be_added_are_told(tmp_path: Path) -> None:
    one = map_file(tmp_path / "a.fits", with_gap(), "s")
    for unit, told in (("cm2 s", "b.fits in cm2 s"), ("", "b.fits in none")):
        (tmp_path / "b.fits").unlink(missing_ok=True)
        other = map_file(tmp_path / "b.fits", with_gap(), unit)
        message = f"must all be in s, or all in cm2 s, to be added; .*{told}"
        with pytest.raises(HifredError, match=message):
            exposure_of_files([one, other], GRID, (2.0, 5.0))
