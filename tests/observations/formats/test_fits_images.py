from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from numpy.testing import assert_allclose

from hifred.errors import HifredError
from hifred.observations.formats.fits_files import FitsFormatError
from hifred.observations.formats.fits_images import (
    SkyImage,
    background_cube,
    counts_of,
    read_sky_image,
    regrid_mean,
    regrid_total,
)
from hifred.observations.geometry.pixel_grid import PixelGrid, tangent_grid

CUBE = "chandra_snr/Cube_IGRJ1400_46pix_XYrebin8_Erebin4.FTZ"
GRID = tangent_grid(10, -30, pixel_size_arcsec=5, shape=(4, 6))


def image_file(path: Path, values: np.ndarray, **keywords: object) -> Path:
    hdu = fits.PrimaryHDU(values, header=GRID.wcs.to_header())
    hdu.header.update(keywords)
    hdu.writeto(path, overwrite=True)
    return path


def test_a_cube_gets_its_energies_from_the_wcs(tmp_path: Path) -> None:
    path = image_file(
        tmp_path / "c.fits", np.ones((3, 4, 6), np.float32),
        CTYPE3="ENER", CUNIT3="eV", CRPIX3=1.0, CRVAL3=525.0, CDELT3=50.0,
    )  # fmt: skip
    image = read_sky_image(path)
    assert_allclose(image.edges, [0.5, 0.55, 0.6, 0.65])
    assert image.grid.shape == (4, 6)


def test_a_cube_gets_its_energies_from_a_table(tmp_path: Path) -> None:
    path = image_file(tmp_path / "c.fits", np.ones((2, 4, 6), np.float32))
    columns = [
        fits.Column("E_MIN", "E", unit="keV", array=[0.5, 1]),
        fits.Column("E_MAX", "E", unit="keV", array=[1, 3]),
    ]
    bands = fits.BinTableHDU.from_columns(columns, name="EBOUNDS")
    fits.append(path, bands.data, bands.header)
    assert_allclose(read_sky_image(path).edges, [0.5, 1, 3])


def test_the_real_cube_is_read_whole(shared_data: Path) -> None:
    image = read_sky_image(shared_data / CUBE)
    counts = counts_of(image, "counts")
    assert counts.shape == (256, 46, 46)
    assert counts.sum() == 172_768
    assert image.grid.pixel_size_arcsec == pytest.approx(3.936, abs=1e-3)
    assert len(image.edges) == 257


@pytest.mark.parametrize(
    ("values", "keywords", "message"),
    [
        (np.ones((3, 4, 6)), {}, r"c.fits\[PRIMARY\] must tell the energies of its 3"),
        (np.ones(5), {}, r"c.fits\[PRIMARY\] must be an image or a cube; it has 1"),
    ],
)
def test_what_is_no_cube_is_told(
    tmp_path: Path, values: np.ndarray, keywords: dict, message: str
) -> None:
    path = image_file(tmp_path / "c.fits", values, **keywords)
    with pytest.raises(FitsFormatError, match=message):
        read_sky_image(path)


def test_an_extension_that_is_not_there_is_told(tmp_path: Path) -> None:
    path = image_file(tmp_path / "c.fits", np.ones((4, 6)))
    with pytest.raises(FitsFormatError, match=r"c.fits must have an extension 'EXPO'"):
        read_sky_image(path, "EXPO")


def test_an_image_without_a_wcs_is_told(tmp_path: Path) -> None:
    fits.PrimaryHDU(np.ones((3, 4))).writeto(tmp_path / "c.fits")
    with pytest.raises(HifredError, match=r"c.fits\[PRIMARY\] must have a celestial"):
        read_sky_image(tmp_path / "c.fits")


@pytest.mark.parametrize("value", [-1.0, 0.5, np.nan])
def test_what_are_no_counts_is_told(value: float) -> None:
    image = SkyImage(np.array([[1.0, value]]), GRID)
    with pytest.raises(HifredError, match="counts of epic must hold whole counts"):
        counts_of(image, "counts of epic")


def fine_grid(roll_deg: float) -> PixelGrid:
    return tangent_grid(
        10, -30, pixel_size_arcsec=2.3, shape=(40, 44), roll_deg=roll_deg
    )


@pytest.mark.parametrize("roll_deg", [0, 33])
def test_totals_are_kept_and_means_are_levels(roll_deg: float) -> None:
    coarse = tangent_grid(10, -30, pixel_size_arcsec=7, shape=(21, 20))
    values = np.zeros((2, 40, 44))
    values[:, 10:30, 12:32] = np.array([1.0, 3.0])[:, None, None]
    image = SkyImage(values, fine_grid(roll_deg))
    assert_allclose(regrid_total(image, coarse).sum(axis=(1, 2)), [400, 1200])
    assert regrid_mean(image, coarse)[1].max() == pytest.approx(3)


def test_a_background_spectrum_is_spread_over_the_field() -> None:
    weights = np.array([[1.0, 1, 2], [0, 4, 0]])
    cube = background_cube(np.array([8.0, 16.0]), weights, (2, 3))
    assert_allclose(cube[1], 2 * weights)
    assert_allclose(background_cube(np.array([6.0]), None, (2, 3)), 1)
    with pytest.raises(
        HifredError, match=r"background weights must be an image of \(2"
    ):
        background_cube(np.array([6.0]), weights.T, (2, 3))
