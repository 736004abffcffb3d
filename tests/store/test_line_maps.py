from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from astropy.io import fits
from astropy.wcs import WCS
from numpy.testing import assert_allclose

from hifred.errors import SchemaError
from hifred.observations.geometry.pixel_grid import tangent_grid
from hifred.products import CountDraws, measure_lines
from hifred.store.line_maps import open_line_maps, save_line_maps
from tests.products.made_up_lines import line_cube

SETTINGS = {
    "lines": {"iron": {"energy_kev": 6.7}},
    "reach_km_s": 2500.0,
    "moments": {"all": {"band_kev": (6.5, 6.9)}},
}
GRID = tangent_grid(10.0, 20.0, pixel_size_arcsec=10.0, shape=(2, 3))


@pytest.fixture(scope="module")
def maps() -> xr.Dataset:
    cube, _ = line_cube((2, 3))
    cube["flux"][:, 1, 2] = cube["flux"][:, 1, 2].mean()
    return measure_lines(cube, SETTINGS, draws=CountDraws(cube, 4))


def test_saved_maps_open_as_they_were(maps, tmp_path: Path) -> None:
    save_line_maps(tmp_path, maps, GRID)
    for path in (tmp_path, tmp_path / "lines.zarr"):
        opened = open_line_maps(path).load()
        for name, values in maps.data_vars.items():
            np.testing.assert_array_equal(opened[name], values)
            assert opened[name].attrs["units"] == values.attrs["units"]
        assert opened["line"].to_numpy().tolist() == ["iron"]


def test_fits_maps_have_units_and_a_place_on_the_sky(maps, tmp_path: Path) -> None:
    written = save_line_maps(tmp_path, maps, GRID)
    assert all(path.exists() for path in written)
    with fits.open(tmp_path / "iron.fits", checksum=True) as hdus:
        assert hdus["VELOCITY"].header["BUNIT"] == "km s-1"
        assert hdus["FLUX_ERROR"].header["BUNIT"] == "photon cm-2 s-1"
        sky = WCS(hdus["VELOCITY"].header).pixel_to_world(1.0, 0.5)
        assert_allclose([sky.ra.deg, sky.dec.deg], [10.0, 20.0], atol=1e-9)
        assert hdus[0].header["LINE"] == "iron"
        assert hdus[0].header["E_REST"] == 6.7
        status = hdus["STATUS"].data
        assert np.issubdtype(status.dtype, np.integer)
        # Too faint: no velocity, but a flux.
        assert np.isnan(hdus["VELOCITY"].data[status != 0]).all()
        assert np.isfinite(hdus["FLUX"].data).all()
    with fits.open(tmp_path / "bands.fits") as hdus:
        assert hdus["MOMENT_1_ALL"].header["BUNIT"] == "keV"


@pytest.mark.parametrize(
    ("name", "stem"), [("O/Fe α", "O_Fe_"), ("bands", "bands_2"), ("../up", "_up")]
)
def test_names_of_lines_are_names_of_files_within_the_folder(
    tmp_path: Path, name: str, stem: str
) -> None:
    cube, _ = line_cube((2, 3))
    maps = measure_lines(cube, SETTINGS | {"lines": {name: {"energy_kev": 6.7}}})
    folder = tmp_path / "maps"
    written = save_line_maps(folder, maps, GRID)
    assert {path.parent for path in written} == {folder}
    with fits.open(folder / f"{stem}.fits") as hdus:
        assert "VELOCITY" in hdus
    with fits.open(folder / "bands.fits") as hdus:
        assert "MOMENT_1_ALL" in hdus


def test_the_table_is_written(maps, tmp_path: Path) -> None:
    save_line_maps(tmp_path, maps, GRID)
    table = pd.read_csv(tmp_path / "lines.csv")
    assert len(table) == 6
    assert_allclose(
        table["velocity [km s-1]"], maps["velocity"].to_numpy().ravel(), rtol=1e-9
    )


def test_a_folder_that_cannot_be_written_is_told(maps, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SchemaError, match="output folder must be writable"):
        save_line_maps(tmp_path / "file", maps, GRID)


def test_anything_else_is_no_line_maps(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match="must be line maps that `hifred lines`"):
        open_line_maps(tmp_path)
