"""Images and cubes as observatories deliver them; what is right is known by hand."""

from pathlib import Path

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from numpy.testing import assert_allclose, assert_array_equal

from hifred.errors import HifredError
from hifred.observations.formats.fits_files import FitsFormatError
from hifred.observations.formats.fits_images import read_sky_image
from hifred.observations.geometry.overlap import overlap_matrix
from hifred.observations.geometry.pixel_grid import grid_from_header, tangent_grid
from tests.laws import assert_same_sky

GRID = tangent_grid(83.0, 22.0, pixel_size_arcsec=8, shape=(5, 6))
VALUES = np.arange(90).reshape(3, 5, 6)
CENTRE = SkyCoord(83.0, 22.0, unit="deg")


def plain(values: np.ndarray, **keywords: object) -> fits.PrimaryHDU:
    hdu = fits.PrimaryHDU(values, GRID.wcs.to_header())
    hdu.header.update(keywords)
    return hdu


def bands(n: int = 3) -> fits.BinTableHDU:
    edges = np.arange(2.0, 2.01 + n)
    columns = [
        fits.Column(name, "D", unit="keV", array=values)
        for name, values in (("E_MIN", edges[:-1]), ("E_MAX", edges[1:]))
    ]
    return fits.BinTableHDU.from_columns(columns, name="EBOUNDS")


def write(path: Path, *hdus: fits.PrimaryHDU) -> Path:
    fits.HDUList(list(hdus)).writeto(path, overwrite=True)
    return path


def four_axes(shape: tuple[int, ...]) -> list:
    return [plain(VALUES.reshape(shape), CTYPE4="STOKES"), bands()]


@pytest.mark.parametrize(
    "hdus",
    [
        lambda: four_axes((1, 3, 5, 6)),
        lambda: four_axes((3, 1, 5, 6)),
        lambda: [plain(np.ones((5, 6))), fits.ImageHDU(VALUES, GRID.wcs.to_header(),
                 name="COUNTS"), bands()],
        lambda: [fits.PrimaryHDU(), fits.CompImageHDU(VALUES.astype(np.int32),
                 GRID.wcs.to_header(), name="COUNTS"), bands()],
    ],
)  # fmt: skip
def test_the_cube_is_found_where_it_is(tmp_path: Path, hdus: object) -> None:
    image = read_sky_image(write(tmp_path / "c.fits", *hdus()), prefer_cube=True)
    assert_array_equal(image.values, VALUES)
    assert_allclose(image.edges, [2, 3, 4, 5])
    assert_same_sky(image.grid.sky_of(2, 2.5), CENTRE, 1e-9)


@pytest.mark.parametrize("extension", ["COUNTS", "counts", "1"])
def test_an_extension_is_named_in_brackets(tmp_path: Path, extension: str) -> None:
    second = fits.ImageHDU(2 * VALUES[0], GRID.wcs.to_header(), name="COUNTS")
    path = write(tmp_path / "c.fits", plain(VALUES[0]), second)
    assert_array_equal(read_sky_image(path).values, VALUES[0])
    assert_array_equal(read_sky_image(f"{path}[{extension}]").values, 2 * VALUES[0])
    with pytest.raises(FitsFormatError, match=r"c\.fits must have an extension 'EXPO'"):
        read_sky_image(f"{path}[EXPO]")


def test_a_file_whose_name_has_brackets_is_a_file(tmp_path: Path) -> None:
    path = write(tmp_path / "c[1].fits", plain(VALUES[0]))
    assert_array_equal(read_sky_image(path).values, VALUES[0])


def test_four_long_axes_are_told(tmp_path: Path) -> None:
    path = write(tmp_path / "c.fits", plain(np.ones((2, 3, 5, 6))))
    with pytest.raises(FitsFormatError, match="has 4 axes, of 6 x 5 x 3 x 2 pixels"):
        read_sky_image(path)


@pytest.mark.parametrize(
    "keywords",
    [
        {"CDELT3": 50.0},
        {"CDELT3": 1.0, "PC3_3": 50.0},
        {"CD3_3": 50.0},  # beside CDELT1 and CDELT2, which the standard forbids
        {"CD1_1": -8 / 3600, "CD2_2": 8 / 3600, "CD3_3": 50.0},
    ],
)
def test_the_step_of_energy_may_stand_in_any_matrix(
    tmp_path: Path, keywords: dict
) -> None:
    hdu = plain(VALUES, CTYPE3="ENER", CUNIT3="eV", CRVAL3=2000.0, CRPIX3=0.5)
    if "CD1_1" in keywords:
        del hdu.header["CDELT1"], hdu.header["CDELT2"]
    hdu.header.update(keywords)
    image = read_sky_image(write(tmp_path / "c.fits", hdu))
    assert_allclose(image.edges, [2.0, 2.05, 2.1, 2.15])
    assert image.grid.pixel_size_arcsec == pytest.approx(8)


def test_a_missing_reference_pixel_is_the_standards_zero(tmp_path: Path) -> None:
    hdu = plain(VALUES, CTYPE3="ENER", CUNIT3="keV", CRVAL3=2.0, CDELT3=0.1)
    image = read_sky_image(write(tmp_path / "c.fits", hdu))
    assert_allclose(image.edges, [2.05, 2.15, 2.25, 2.35])


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"CDELT3": 0.1, "CUNIT3": ""}, "unit of its energies in CUNIT3; it has none"),
        ({"CDELT3": 0.1, "CUNIT3": "Hz"}, "Correct CUNIT3"),
        ({"CDELT3": -0.1}, "planes of increasing energy"),
        ({"CDELT3": 0.1, "CRVAL3": -9.0}, "planes of increasing energy above 0"),
        ({"CDELT3": "wide"}, "number in CDELT3; got 'wide'"),
    ],
)
def test_an_axis_without_energies_is_told(
    tmp_path: Path, keywords: dict, message: str
) -> None:
    known = {"CTYPE3": "ENER", "CUNIT3": "keV", "CRVAL3": 2.0, "CRPIX3": 0.5}
    path = write(tmp_path / "c.fits", plain(VALUES, **known | keywords))
    with pytest.raises(HifredError, match=rf"c.fits\[PRIMARY\] .*{message}"):
        read_sky_image(path)


def test_a_cube_without_a_place_takes_the_grid(tmp_path: Path) -> None:
    path = write(tmp_path / "c.fits", fits.PrimaryHDU(VALUES), bands())
    with pytest.raises(HifredError, match="must have a celestial WCS"):
        read_sky_image(path)
    assert_same_sky(read_sky_image(path, grid=GRID).grid.sky_of(2, 2.5), CENTRE, 1e-9)
    with pytest.raises(HifredError, match=r"columns of its grid, \(6, 6\); it has"):
        read_sky_image(
            path, grid=tangent_grid(83, 22, pixel_size_arcsec=8, shape=(6, 6))
        )


def rotated_header(frame: str) -> fits.Header:
    """The pixels of GRID, told in another frame: turned by the angle of its north."""
    there = CENTRE.transform_to(frame)
    north = CENTRE.directional_offset_by(0, 1e-3 * CENTRE.ra.unit)
    angle = there.position_angle(north.transform_to(frame)).rad
    kinds = (
        ("GLON-TAN", "GLAT-TAN") if frame == "galactic" else ("RA---TAN", "DEC--TAN")
    )
    header = fits.Header({"NAXIS1": 6, "NAXIS2": 5, "NAXIS": 2})
    header.update(CTYPE1=kinds[0], CTYPE2=kinds[1], CRPIX1=3.5, CRPIX2=3.0)
    header.update(CRVAL1=there.spherical.lon.deg, CRVAL2=there.spherical.lat.deg)
    step = 8 / 3600
    header.update(CD1_1=-step * np.cos(angle), CD1_2=step * np.sin(angle))
    header.update(CD2_1=step * np.sin(angle), CD2_2=step * np.cos(angle))
    if frame != "galactic":
        header["RADESYS"] = frame.upper()
    return header


@pytest.mark.parametrize("frame", ["icrs", "fk5", "fk4", "galactic"])
def test_pixels_are_the_same_in_any_frame(frame: str) -> None:
    grid = grid_from_header(rotated_header(frame), "c.fits[PRIMARY]")
    sky = tangent_grid(83.0, 22.0, pixel_size_arcsec=5, shape=(12, 13), roll_deg=20)
    ours, theirs = overlap_matrix(grid, sky), overlap_matrix(GRID, sky)
    # FK4 carries the elliptic aberration of 1950: a shear of a few parts in a million.
    assert abs(ours - theirs).max() < 1e-4
    y, x = GRID.pixel_of(grid.sky_of(np.array([0, 4]), np.array([0, 5])))
    assert_allclose([y, x], [[0, 4], [0, 5]], atol=2e-4)
