from pathlib import Path

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from numpy.testing import assert_allclose

from hifred.errors import HifredError
from hifred.observations.geometry.pixel_grid import PixelGrid, tangent_grid
from hifred.observations.matching.kernels import kernel_sigmas
from hifred.observations.preparation.psf_images import image_psf

# A Gaussian of 8 arcsec, a little off its middle, on pixels of 2 arcsec.
Y, X = np.indices((61, 63))
PSF = np.exp(-0.5 * ((X - 33) ** 2 + (Y - 29.5) ** 2) * (2 / 8) ** 2)
WCS = dict(tangent_grid(0, 0, pixel_size_arcsec=2, shape=PSF.shape).wcs.to_header())


def written(folder: Path, values: np.ndarray, **keywords: object) -> Path:
    hdu = fits.PrimaryHDU(values)
    hdu.header.update(keywords or WCS)
    hdu.writeto(folder / "psf.fits", overwrite=True)
    return folder / "psf.fits"


@pytest.mark.parametrize(
    "keywords",
    [
        {},
        {"CDELT1": -2.0, "CUNIT1": "arcsec"},
        {"CDELT1": 2.0, "CUNIT1": "arcseconds"},
        {"CDELT1": 2 / 60, "CUNIT1": "arcmin"},
        {"CDELT1": 2 / 3600},  # degrees, as FITS has it
    ],
)
@pytest.mark.parametrize("axes", [2, 4])
def test_the_width_is_that_of_the_image(
    tmp_path: Path, keywords: dict[str, object], axes: int
) -> None:
    values = PSF.reshape((1,) * (axes - 2) + PSF.shape)
    psf = image_psf(written(tmp_path, values, **keywords), 8.0)
    # Square pixels of 2 and then of 8 arcsec widen it.
    expected = np.sqrt(8**2 + 2**2 / 12 + 8**2 / 12)
    assert_allclose(8 * kernel_sigmas(psf), expected, rtol=0.01)
    middle = np.arange(psf.shape[0]) - psf.shape[0] // 2
    assert psf.sum(axis=0) @ middle == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize("nothing", [np.nan, -1e-8])
def test_undefined_wings_are_nothing(tmp_path: Path, nothing: float) -> None:
    cut = np.where(PSF < 1e-6, 0.0, PSF)
    whole = image_psf(written(tmp_path, cut), 8.0)
    spoilt = image_psf(written(tmp_path, np.where(cut > 0, PSF, nothing)), 8.0)
    assert_allclose(spoilt, whole, atol=1e-12)


def with_value(value: float) -> np.ndarray:
    return np.where((Y == 30) & (X == 36), value, PSF)


@pytest.mark.parametrize(
    ("values", "keywords", "message"),
    [
        (with_value(np.nan), {}, r"psf.fits\[PRIMARY\].* row 30, column 36 is nan"),
        (with_value(-0.1), {}, r"psf.fits\[PRIMARY\].* row 30, column 36 is -0.1"),
        (np.full(PSF.shape, np.nan), {}, "above 0 somewhere"),
        (np.stack([PSF, PSF]), {}, r"shape \(2, 61, 63\). Write one image per energy"),
        (PSF, {"OBJECT": "psf"}, "must tell its pixel size.* CDELT1 None and CUNIT1"),
        (
            PSF,
            {"CDELT1": 2.0},
            "its pixel size.* CDELT1 2.0 and CUNIT1 'none'",
        ),
        (PSF, {"CDELT1": 2.0, "CUNIT1": "mm"}, "must tell its pixel size"),
        (PSF, {"CDELT1": "wide"}, "a number in the keyword CDELT1; got 'wide'"),
        (PSF, {"CDELT1": 2.0, "CUNIT1": "deg"}, "at most 801 sky pixels"),
    ],
)
def test_an_image_that_is_no_psf_is_told(
    tmp_path: Path, values: np.ndarray, keywords: dict[str, object], message: str
) -> None:
    with pytest.raises(HifredError, match=message):
        image_psf(written(tmp_path, values, **keywords), 8.0)


def test_an_image_in_an_extension_is_named(tmp_path: Path) -> None:
    other = fits.ImageHDU(np.ones((3, 3)), fits.Header(WCS), name="OTHER")
    hdus = [fits.PrimaryHDU(), other, fits.ImageHDU(PSF, fits.Header(WCS), name="PSF")]
    fits.HDUList(hdus).writeto(tmp_path / "many.fits")
    alone = image_psf(written(tmp_path, PSF), 8.0)
    for name in ("many.fits[PSF]", "many.fits[2]"):
        assert_allclose(image_psf(tmp_path / name, 8.0), alone)
    with pytest.raises(HifredError, match="an extension 'PSFS'; it has PRIMARY, OTHER"):
        image_psf(tmp_path / "many.fits[PSFS]", 8.0)


def test_a_file_without_an_image_is_told(tmp_path: Path) -> None:
    with pytest.raises(HifredError, match=r"none.fits must be a file"):
        image_psf(tmp_path / "none.fits", 8.0)
    fits.PrimaryHDU().writeto(tmp_path / "empty.fits")
    with pytest.raises(HifredError, match=r"empty.fits must hold an image of a PSF"):
        image_psf(tmp_path / "empty.fits", 8.0)


def long_psf(folder: Path, angle_deg: float, mirrored: bool) -> Path:
    """A PSF of 12 by 4 arcsec, long at a position angle, on pixels with a WCS."""
    pixels = tangent_grid(0, 0, pixel_size_arcsec=2, shape=(61, 61), roll_deg=20)
    wcs = pixels.wcs.deepcopy()
    if mirrored:
        wcs.wcs.cdelt = [2 / 3600, 2 / 3600]
    own = PixelGrid(wcs, pixels.shape)
    places = own.sky_of(*np.indices((61, 61)))
    east, north = own.centre.spherical_offsets_to(places)
    angle = np.radians(angle_deg)
    along = north.arcsec * np.cos(angle) + east.arcsec * np.sin(angle)
    across = east.arcsec * np.cos(angle) - north.arcsec * np.sin(angle)
    values = np.exp(-0.5 * ((along / 12) ** 2 + (across / 4) ** 2))
    return written(folder, values, **dict(wcs.to_header()))


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("roll", [0, 35])
def test_a_psf_with_a_place_is_turned_to_the_sky(
    tmp_path: Path, roll: float, mirrored: bool
) -> None:
    sky = tangent_grid(83, 22, pixel_size_arcsec=3, shape=(9, 9), roll_deg=roll)
    psf = image_psf(long_psf(tmp_path, 50, mirrored), 3.0, None, sky)
    y, x = np.indices(psf.shape) - psf.shape[0] // 2
    centre = sky.centre
    east, north = centre.spherical_offsets_to(sky.sky_of(4 + y, 4 + x))
    moments = np.cov(np.vstack([east.arcsec.ravel(), north.arcsec.ravel()]),
                     aweights=psf.ravel(), ddof=0)  # fmt: skip
    spread, axes = np.linalg.eigh(moments)
    angle = np.degrees(np.arctan2(*axes[:, 1])) % 180
    assert angle == pytest.approx(50, abs=0.5)
    blur = (2**2 + 3**2) / 12
    assert_allclose(spread, [4**2 + blur, 12**2 + blur], rtol=0.02)


def test_north_of_a_galactic_sky_is_elsewhere(tmp_path: Path) -> None:
    """On pixels of l and b a PSF in equatorial ones turns by the angle of the poles."""
    wcs = tangent_grid(0, 0, pixel_size_arcsec=3, shape=(9, 9)).wcs.deepcopy()
    there = SkyCoord(83, 22, unit="deg").galactic
    wcs.wcs.ctype = ["GLON-TAN", "GLAT-TAN"]
    wcs.wcs.radesys = ""
    wcs.wcs.crval = [there.l.deg, there.b.deg]
    sky = PixelGrid(wcs, (9, 9))
    psf = image_psf(long_psf(tmp_path, 0, False), 3.0, None, sky)
    y, x = np.indices(psf.shape) - psf.shape[0] // 2
    moments = np.cov(np.vstack([-x.ravel(), y.ravel()]), aweights=psf.ravel())
    angle = np.degrees(np.arctan2(*np.linalg.eigh(moments)[1][:, 1])) % 180
    pole = there.position_angle(SkyCoord(0, 90, unit="deg").galactic).deg % 180
    assert angle == pytest.approx(pole, abs=0.5)


def test_pixels_that_are_not_square_are_taken_so(tmp_path: Path) -> None:
    keywords = {"CDELT1": 1.0, "CDELT2": 2.0, "CUNIT1": "arcsec", "CUNIT2": "arcsec"}
    sigmas = kernel_sigmas(image_psf(written(tmp_path, PSF, **keywords), 2.0))
    assert_allclose(2 * sigmas, np.sqrt([64 + 8 / 12, 16 + 5 / 12]), rtol=0.01)
