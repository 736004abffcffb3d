from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from numpy.testing import assert_allclose

from hifred.errors import HifredError
from hifred.observations.geometry.pixel_grid import tangent_grid
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


def test_a_file_without_an_image_is_told(tmp_path: Path) -> None:
    with pytest.raises(HifredError, match=r"none.fits must be a file"):
        image_psf(tmp_path / "none.fits", 8.0)
    fits.PrimaryHDU().writeto(tmp_path / "empty.fits")
    with pytest.raises(HifredError, match=r"empty.fits must hold an image of a PSF"):
        image_psf(tmp_path / "empty.fits", 8.0)
