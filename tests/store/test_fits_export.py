import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.io.fits.scripts.fitscheck import main as fitscheck
from astropy.nddata import CCDData, StdDevUncertainty
from numpy.testing import assert_allclose, assert_array_equal

from hifred.errors import HifredError
from hifred.observations import FusionInput, build_observation
from hifred.observations.formats.fits_images import read_sky_image
from hifred.observations.formats.ogip import read_arf, read_rmf
from hifred.observations.formats.pha import read_pha
from hifred.observations.geometry.pixel_grid import tangent_grid
from hifred.observations.sky_place import sky_pixels
from hifred.posterior import Draws
from hifred.store.fits_export import export_fits
from tests.laws import assert_same_sky

N, SHAPE = 20, (5, 6)
EDGES = np.linspace(6.2, 6.3, N + 1)
GRID = tangent_grid(83.6, 22.0, pixel_size_arcsec=4, shape=SHAPE, roll_deg=17)
SPREAD = np.array([0.1, 0.5, 0.4])


def result(target: str = "matched") -> xr.Dataset:
    rng = np.random.default_rng(4)
    y, x = GRID.offsets
    return xr.Dataset(
        {
            "flux": (("energy", "y", "x"), rng.random((N, *SHAPE), np.float32)),
            "reference_exposure": ("energy", 1e6 + 1e4 * np.arange(N)),
        },
        coords={
            "energy": 0.5 * (EDGES[1:] + EDGES[:-1]),
            "energy_edges": ("energy_edge", EDGES),
            "y": y,
            "x": x,
        },
        attrs={"settings": json.dumps({"target_resolution": target})},
    )


def fusion_input() -> FusionInput:
    y, x = GRID.offsets
    common = {
        "energy_edges": EDGES,
        "effective_area": 100.0,
        "pixel_size_arcsec": 4.0,
        "counts": np.ones((N, *SHAPE), int),
        "y": y,
        "x": x,
    }
    imager = build_observation(
        instrument="epic", role="imager", exposure_time=1e4, wcs=GRID.header_text,
        **common,
    )  # fmt: skip
    spectrometer = build_observation(
        instrument="resolve", role="spectrometer", exposure_time=2e4,
        line_spread=SPREAD, **common,
    )  # fmt: skip
    return FusionInput({"epic": imager, "resolve": spectrometer})


def replicas(of: xr.Dataset) -> xr.DataArray:
    rng = np.random.default_rng(5)
    values = of["flux"].values * rng.normal(1, 0.1, (8, N, *SHAPE))
    return xr.DataArray(values, dims=("replica", "energy", "y", "x"))


def test_the_cube_returns_with_its_place_and_edges(tmp_path: Path) -> None:
    fused = result()
    export_fits(fused, tmp_path, fusion_input=fusion_input())
    cube = read_sky_image(tmp_path / "cube.fits")
    assert_array_equal(cube.values, fused["flux"].values)
    assert_array_equal(cube.edges, EDGES)
    assert cube.unit == "photon cm-2 s-1"
    assert_same_sky(cube.grid.sky_of(1, 4), GRID.sky_of(1, 4), 1e-10)
    image = read_sky_image(tmp_path / "image.fits")
    assert_allclose(image.values, fused["flux"].values.sum(axis=0), rtol=1e-6)


def test_all_files_pass_fitscheck(tmp_path: Path) -> None:
    fused = result()
    written = export_fits(
        fused, tmp_path, fusion_input=fusion_input(), bootstrap=replicas(fused)
    )
    assert len(written) == 8
    assert fitscheck([str(path) for path in written]) == 0
    for path in written:
        with fits.open(path) as hdus:
            hdus.verify("exception")


def test_a_spectrum_folds_back_to_the_flux(tmp_path: Path) -> None:
    fused = result()
    region = np.zeros(SHAPE, bool)
    region[1:3, 2:5] = True
    export_fits(fused, tmp_path, fusion_input=fusion_input(), regions={"knot": region})
    spectrum = read_pha(tmp_path / "knot.pha")
    arf = read_arf(tmp_path / spectrum.files["ANCRFILE"])
    exposure = arf.effective_area * spectrum.exposure_time
    expected = fused["flux"].values[:, region].sum(axis=1)
    assert spectrum.exposure_time == 2e4
    assert_allclose(spectrum.counts / exposure, expected, rtol=1e-6)
    assert not spectrum.is_poisson
    # OGIP asks for errors where they are not Poisson: a guess until a bootstrap.
    assert_allclose(spectrum.error, np.sqrt(np.maximum(spectrum.counts, 1)))


def test_a_spectrum_names_its_observations(tmp_path: Path) -> None:
    ready = fusion_input()
    for identifier, observation in zip(
        ("000126000", "0605960101"), ready.observations.values(), strict=False
    ):
        observation.attrs["obs_id"] = identifier
    export_fits(result(), tmp_path, fusion_input=ready)
    header = fits.getheader(tmp_path / "field.pha", "SPECTRUM")
    named = [o.attrs["obs_id"] for o in ready.observations.values()]
    assert header["OBS_ID"] == " ".join(named)
    assert header["POISSERR"] is False


def test_the_response_is_that_of_the_cubes_resolution(tmp_path: Path) -> None:
    export_fits(result(), tmp_path, fusion_input=fusion_input())
    matrix = read_rmf(tmp_path / "field.rmf").matrix.toarray()
    assert_allclose(matrix[9:12, 10], SPREAD)
    export_fits(result("intrinsic"), tmp_path, fusion_input=fusion_input())
    assert_array_equal(read_rmf(tmp_path / "field.rmf").matrix.toarray(), np.eye(N))


def test_a_bootstrap_gives_the_errors(tmp_path: Path) -> None:
    fused = result()
    draws = replicas(fused)
    export_fits(fused, tmp_path, fusion_input=fusion_input(), bootstrap=draws)
    spectrum = read_pha(tmp_path / "field.pha")
    expected = draws.values.sum(axis=(2, 3)).std(axis=0, ddof=1)
    exposure = fused["reference_exposure"].values
    assert_allclose(spectrum.error, expected * exposure, rtol=1e-6)
    error = read_sky_image(tmp_path / "cube_error.fits")
    assert_allclose(error.values, draws.values.std(axis=0, ddof=1), rtol=1e-6)


def sampled() -> tuple[xr.Dataset, Draws]:
    """Return draws of a cube of two spectra that vary together, and their fit."""
    fused = result()
    rng = np.random.default_rng(6)
    images = rng.uniform(1, 2, (2, *SHAPE))
    drawn = images[..., None] * rng.normal(1, 0.1, 12)
    basis = rng.uniform(0.1, 1, (2, N))
    basis[:, 0] = 0  # an energy in which all draws agree
    coords = fused.drop_vars(["flux", "reference_exposure"]).coords
    draws = Draws(
        xr.Dataset(
            {
                "spectral_basis": (("component", "energy"), basis),
                "coefficients": (("component", "y", "x"), images),
                "drawn_coefficients": (("component", "y", "x", "draw"), drawn),
                "reference_exposure": fused["reference_exposure"],
            },
            coords,
        )
    )
    return fused.assign(flux=draws.fit), draws


def test_draws_give_the_errors_of_cube_image_and_spectrum(tmp_path: Path) -> None:
    fused, draws = sampled()
    export_fits(fused, tmp_path, fusion_input=fusion_input(), draws=draws)
    cubes = np.stack([cube.values for cube in draws.cubes()])
    error = read_sky_image(tmp_path / "cube.fits", "UNCERT")
    assert_allclose(error.values, cubes.std(axis=0, ddof=1), rtol=1e-10)
    assert_same_sky(error.grid.sky_of(1, 4), GRID.sky_of(1, 4), 1e-10)
    # Sums are taken in each draw: here all pixels and energies rise and fall together.
    image = read_sky_image(tmp_path / "image.fits", "UNCERT").values
    assert_allclose(image, error.values.sum(axis=0), rtol=1e-8)
    spectrum = read_pha(tmp_path / "field.pha")
    exposure = fused["reference_exposure"].values
    summed = error.values.sum(axis=(1, 2)) * exposure
    assert_allclose(spectrum.error[1:], summed[1:], rtol=1e-8)
    assert (spectrum.error[0], spectrum.quality[0]) == (1, 2)
    header = fits.getheader(tmp_path / "field.pha", "SPECTRUM")
    assert (header["ERRFROM"], header["N_DRAWS"]) == ("draws", 12)


def test_astropy_reads_the_uncertainty(tmp_path: Path) -> None:
    fused, draws = sampled()
    export_fits(fused, tmp_path, fusion_input=fusion_input(), draws=draws)
    for name, expected in (
        ("cube", draws.standard_error()),
        ("image", draws.standard_error(lambda cube: cube.sum("energy"))),
    ):
        read = CCDData.read(tmp_path / f"{name}.fits")
        assert isinstance(read.uncertainty, StdDevUncertainty)
        assert read.unit == "photon cm-2 s-1"
        assert_allclose(read.uncertainty.array, expected, rtol=1e-6)


@pytest.mark.slow
def test_specutils_reads_flux_and_uncertainty(tmp_path: Path) -> None:
    from specutils import Spectrum

    fused, draws = sampled()
    export_fits(fused, tmp_path, fusion_input=fusion_input(), draws=draws)
    read = Spectrum.read(
        tmp_path / "cube.fits", format="wcs1d-fits", uncertainty_type="std"
    )
    axis = read.spectral_axis_index
    flux = np.moveaxis(read.flux.to_value("photon cm-2 s-1"), axis, 0)
    error = np.moveaxis(read.uncertainty.array, axis, 0)
    assert flux.shape in {(N, *SHAPE), (N, *SHAPE[::-1])}
    order = (0, 1, 2) if flux.shape == (N, *SHAPE) else (0, 2, 1)
    assert_allclose(flux.transpose(order), fused["flux"])
    assert_allclose(error.transpose(order), draws.standard_error())
    assert_allclose(read.spectral_axis.to_value("keV"), fused["energy"])


def test_brightness_is_the_cube_per_square_arcsec_as_cubeviz_names_it(
    tmp_path: Path,
) -> None:
    fused, draws = sampled()
    export_fits(fused, tmp_path, fusion_input=fusion_input(), draws=draws)
    area = GRID.pixel_size_arcsec**2
    with fits.open(tmp_path / "brightness.fits") as hdus:
        assert [hdu.name for hdu in hdus] == ["FLUX", "ERR", "ENERGIES"]
        assert hdus["FLUX"].header["BUNIT"] == "photon cm-2 s-1 arcsec-2"
        assert hdus["ERR"].header["BUNIT"] == "photon cm-2 s-1 arcsec-2"
        assert_allclose(hdus["FLUX"].data, fused["flux"] / area, rtol=1e-6)
        assert_allclose(hdus["ERR"].data, draws.standard_error() / area, rtol=1e-6)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_cubeviz_reads_brightness_and_its_errors(tmp_path: Path) -> None:
    jdaviz = pytest.importorskip("jdaviz", reason="no jdaviz: pip install jdaviz")
    fused, draws = sampled()
    export_fits(fused, tmp_path, fusion_input=fusion_input(), draws=draws)
    viewer = jdaviz.Cubeviz()
    viewer.load(str(tmp_path / "brightness.fits"), format="3D Spectrum")
    cube = viewer.app.data_collection[0]
    area = GRID.pixel_size_arcsec**2
    assert cube.get_component("flux").units == "ph / (s arcsec2 cm2)"
    for name, expected in (
        ("flux", fused["flux"].values),
        ("uncertainty", draws.standard_error().values),
    ):
        found = np.sort(cube[name], axis=None)
        assert_allclose(found, np.sort(expected / area, axis=None), rtol=1e-6)


def test_errors_have_one_source(tmp_path: Path) -> None:
    fused, draws = sampled()
    with pytest.raises(HifredError, match="got draws and a bootstrap"):
        export_fits(fused, tmp_path, draws=draws, bootstrap=replicas(fused))
    with pytest.raises(HifredError, match="draws must be of the cube itself"):
        export_fits(result(), tmp_path, draws=draws)


def test_a_summary_of_a_bootstrap_gives_errors_of_independent_pixels(
    tmp_path: Path,
) -> None:
    fused = result()
    summary = xr.Dataset({"standard_error": 0.1 * fused["flux"]})
    region = np.zeros(SHAPE, bool)
    region[1, 2:4] = True
    export_fits(fused, tmp_path, regions={"a": region}, bootstrap=summary)
    error = read_pha(tmp_path / "a.pha").error
    expected = 0.1 * np.hypot(*fused["flux"].values[:, 1, 2:4].T)
    assert_allclose(error, expected * fused["reference_exposure"].values, rtol=1e-6)
    image = read_sky_image(tmp_path / "image_error.fits").values
    squares = (0.1 * fused["flux"].values) ** 2
    assert_allclose(image, np.sqrt(squares.sum(axis=0)), rtol=1e-5)


def test_a_margin_widens_the_grid_of_the_imager() -> None:
    fused = result().pad(y=2, x=2, constant_values=0).fillna(0)
    grid = sky_pixels(fused, fusion_input())
    assert grid.shape == (9, 10)
    assert_same_sky(grid.sky_of(2, 2), GRID.sky_of(0, 0), 1e-10)


def test_without_a_place_the_field_is_at_zero() -> None:
    grid = sky_pixels(result())
    assert grid.pixel_size_arcsec == pytest.approx(4)
    assert_same_sky(grid.sky_of(2, 2.5), SkyCoord(0, 0, unit="deg"), 1e-10)


def test_regions_and_replicas_of_another_shape_are_told(tmp_path: Path) -> None:
    fused = result()
    with pytest.raises(HifredError, match="region 'a' must be a bool image of"):
        export_fits(fused, tmp_path, regions={"a": np.ones((2, 2), bool)})
    with pytest.raises(HifredError, match="bootstrap must have dims"):
        export_fits(fused, tmp_path, bootstrap=replicas(fused)[:, :3])


@pytest.mark.slow
def test_gammapy_reads_spectrum_and_responses(tmp_path: Path) -> None:
    from gammapy.datasets import SpectrumDatasetOnOff

    fused = result()
    export_fits(fused, tmp_path, fusion_input=fusion_input(), bootstrap=replicas(fused))
    theirs = SpectrumDatasetOnOff.read(tmp_path / "field.pha", name="field")
    ours = read_pha(tmp_path / "field.pha")
    assert_allclose(theirs.counts.data.ravel(), ours.counts)
    kernel = theirs.edisp.get_edisp_kernel()
    assert_allclose(kernel.data.T, read_rmf(tmp_path / "field.rmf").matrix.toarray())
    exposure = read_arf(tmp_path / "field.arf").effective_area * ours.exposure_time
    assert_allclose(theirs.exposure.quantity.to_value("cm2 s").ravel(), exposure)


@pytest.mark.slow
def test_spectral_cube_opens_the_cube(tmp_path: Path) -> None:
    from spectral_cube import SpectralCube

    fused = result()
    export_fits(fused, tmp_path, fusion_input=fusion_input())
    cube = SpectralCube.read(tmp_path / "cube.fits")
    assert_array_equal(cube.unmasked_data[:].value, fused["flux"].values)
    middle = fused["energy"].values
    assert_allclose(cube.spectral_axis.to_value("keV"), middle)
    world = cube.world[0, 1, 4]
    found = SkyCoord(world[2], world[1])
    assert_same_sky(found, GRID.sky_of(1, 4), 1e-7)
