import warnings
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from numpy.testing import assert_allclose, assert_array_equal

from hifred.errors import HifredError
from hifred.observations.formats.fits_cubes import write_sky_image
from hifred.observations.formats.fits_images import SkyImage, read_sky_image
from hifred.observations.geometry.pixel_grid import tangent_grid
from tests.laws import assert_same_sky

GRID = tangent_grid(83.6, 22.0, pixel_size_arcsec=4, shape=(5, 7), roll_deg=17)
EDGES = np.linspace(6.2, 6.9, 15)
UNIT = "photon cm-2 s-1"


def cube() -> SkyImage:
    values = np.random.default_rng(2).random((14, 5, 7)).astype(np.float32)
    return SkyImage(values, GRID, UNIT, EDGES, {"OBJECT": "toy"})


def test_a_cube_returns_without_loss(tmp_path: Path) -> None:
    write_sky_image(tmp_path / "c.fits", cube())
    again = read_sky_image(tmp_path / "c.fits")
    assert_array_equal(again.values, cube().values)
    assert_array_equal(again.edges, EDGES)
    assert again.unit == UNIT
    assert again.values.dtype == np.float32
    assert_same_sky(again.grid.sky_of(1, 5), GRID.sky_of(1, 5), 1e-10)
    assert again.header["OBJECT"] == "toy"


def test_an_image_returns_without_loss(tmp_path: Path) -> None:
    image = SkyImage(cube().values[0], GRID, "count")
    write_sky_image(tmp_path / "i.fits", image)
    assert_array_equal(read_sky_image(tmp_path / "i.fits").values, image.values)


def test_the_file_passes_checksums_and_verification(tmp_path: Path) -> None:
    write_sky_image(tmp_path / "c.fits", cube())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with fits.open(tmp_path / "c.fits", checksum=True) as hdus:
            hdus.verify("exception")
    from astropy.io.fits.scripts.fitscheck import main

    assert main([str(tmp_path / "c.fits")]) == 0


def test_astropy_sees_sky_and_energy(tmp_path: Path) -> None:
    write_sky_image(tmp_path / "c.fits", cube())
    wcs = WCS(fits.getheader(tmp_path / "c.fits"))
    sky, energy = wcs.pixel_to_world(5, 1, 3)
    assert_same_sky(sky, GRID.sky_of(1, 5), 1e-10)
    assert energy.to_value("keV") == pytest.approx(0.5 * (EDGES[3] + EDGES[4]))
    _, energy = WCS(fits.getheader(tmp_path / "c.fits"), key="K").pixel_to_world(
        5, 1, 3
    )
    assert energy.to_value("keV") == pytest.approx(0.5 * (EDGES[3] + EDGES[4]))


def test_uneven_bins_keep_their_edges(tmp_path: Path) -> None:
    image = SkyImage(cube().values[:3], GRID, UNIT, np.array([0.5, 1, 2, 5.0]))
    write_sky_image(tmp_path / "c.fits", image)
    assert_array_equal(read_sky_image(tmp_path / "c.fits").edges, image.edges)


def test_a_cube_without_edges_is_told(tmp_path: Path) -> None:
    with pytest.raises(HifredError, match="a cube of 14 planes must have one edge"):
        write_sky_image(tmp_path / "c.fits", SkyImage(cube().values, GRID))


@pytest.mark.slow
def test_spectral_cube_opens_it(tmp_path: Path) -> None:
    from spectral_cube import SpectralCube

    write_sky_image(tmp_path / "c.fits", cube())
    opened = SpectralCube.read(tmp_path / "c.fits")
    assert opened.shape == (14, 5, 7)
    middle = 0.5 * (EDGES[1:] + EDGES[:-1])
    assert_allclose(opened.spectral_axis.to_value("keV"), middle)
    assert_array_equal(opened.unmasked_data[:].value, cube().values)
