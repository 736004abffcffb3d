import numpy as np
import pytest
import xarray as xr
from astropy.io import fits
from numpy.testing import assert_allclose

from hifred.errors import SchemaError
from hifred.simulation import CubeScene, simulate, simulation_settings

EDGES = np.linspace(0.4, 1.5, 12)
Y, X = 10.0 * (np.arange(7) - 3), 10.0 * (np.arange(9) - 4)


@pytest.fixture
def flux():
    return np.random.default_rng(1).gamma(2.0, size=(11, 7, 9))


def test_a_cube_on_its_own_grid_is_itself(flux):
    scene = CubeScene(flux, EDGES, y=Y, x=X)
    assert_allclose(scene.flux(EDGES, Y, X), flux)


def test_coarser_energies_keep_the_photons(flux):
    found = CubeScene(flux, EDGES, y=Y, x=X).flux(EDGES[::11], Y, X)
    assert_allclose(found[0], flux.sum(axis=0))


def test_there_is_nothing_outside_the_cube(flux):
    scene = CubeScene(flux, EDGES, y=Y, x=X)
    assert scene.flux(np.linspace(2, 3, 4), Y, X).max() == 0
    assert scene.flux(EDGES, Y + 1000, X).max() == 0


def test_a_zarr_cube_takes_the_place_of_the_scene(flux, tmp_path):
    path = tmp_path / "mine.zarr"
    dims = ("energy", "y", "x")
    xr.Dataset(
        {"flux": (dims, flux)},
        coords={"energy_edges": ("energy_edge", EDGES), "y": Y, "x": X},
    ).to_zarr(path, consolidated=False)
    settings = simulation_settings(
        "gaussian_1kev_rebinned",
        {"scene": str(path), "shape": (6, 9), "n_energies": 60, "counts": 1e5},
    )
    drawn = simulate(settings)
    assert_allclose(drawn.observations["imager"]["counts"].sum(), 1e5, rtol=0.05)
    incomplete = tmp_path / "other.zarr"
    xr.Dataset({"flux": (dims, flux)}).to_zarr(incomplete, consolidated=False)
    with pytest.raises(SchemaError, match="energy_edges is missing"):
        CubeScene.open(incomplete)


def fits_cube(flux, path, **cards):
    hdu = fits.PrimaryHDU(flux)
    hdu.header["CTYPE3"], hdu.header["CUNIT3"] = "ENER", "eV"
    hdu.header["CRPIX3"], hdu.header["CRVAL3"], hdu.header["CDELT3"] = 1, 450, 100
    hdu.header["CDELT1"], hdu.header["CDELT2"] = -10 / 3600, 10 / 3600
    hdu.header.update(cards)
    hdu.writeto(path)
    return path


def test_a_fits_cube_has_its_energies_and_pixels(flux, tmp_path):
    scene = CubeScene.open(fits_cube(flux, tmp_path / "cube.fits"))
    assert_allclose(scene.energy_edges, EDGES)
    assert_allclose(scene.y, Y)
    assert_allclose(scene.x, X)
    assert_allclose(scene.cube, flux)


def test_a_fits_cube_in_velocity_is_refused(flux, tmp_path):
    path = fits_cube(flux, tmp_path / "cube.fits", CTYPE3="VRAD")
    with pytest.raises(SchemaError, match=r"CTYPE3 .* must be ENER"):
        CubeScene.open(path)


def test_a_fits_file_without_a_cube_is_refused(flux, tmp_path):
    path = tmp_path / "image.fits"
    fits.PrimaryHDU(flux[0]).writeto(path)
    with pytest.raises(SchemaError, match="must hold an image with 3 axes"):
        CubeScene.open(path)


def test_a_fits_cube_without_pixel_size_is_refused(flux, tmp_path):
    path = fits_cube(flux, tmp_path / "cube.fits")
    with fits.open(path, mode="update") as hdus:
        del hdus[0].header["CDELT1"]
    with pytest.raises(SchemaError, match="CDELT1 is missing"):
        CubeScene.open(path)


def test_a_missing_cube_is_refused():
    with pytest.raises(SchemaError, match="'remant', which does not exist"):
        CubeScene.open("remant")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda f: f[:5], "flux must have shape"),
        (lambda f: -f, "finite and not negative"),
        (lambda f: np.where(f == f.max(), np.nan, f), "finite and not negative"),
    ],
)
def test_impossible_cubes_are_refused(flux, change, sentence):
    with pytest.raises(SchemaError, match=sentence):
        CubeScene(change(flux), EDGES, y=Y, x=X)


def test_axes_must_increase(flux):
    with pytest.raises(SchemaError, match="x must increase"):
        CubeScene(flux, EDGES, y=Y, x=X[::-1])
