"""Sweep results for other programs; the whole way from a prepared input."""

from pathlib import Path

import pytest
from astropy.io import fits
from click.testing import CliRunner
from numpy.testing import assert_allclose, assert_array_equal

from hifred.cli import hifred
from hifred.observations.formats.fits_images import read_sky_image
from hifred.observations.geometry.pixel_grid import grid_from_text
from hifred.observations.preparation.fusion_input import prepare_input
from hifred.observations.preparation.settings import read_preparation
from hifred.store import read_draws, save_fusion_input
from hifred.store.export import export_results
from hifred.store.export_any import export_any
from hifred.store.results import open_results
from hifred.sweep import collect, declare, run_sweep
from tests.laws import assert_same_sky
from tests.observations import instrument_case as case


@pytest.mark.slow
def test_every_collected_cube_becomes_fits_at_its_place(tmp_path: Path) -> None:
    from spectral_cube import SpectralCube

    declared = case.write_case(tmp_path)
    declared["energy"] |= {"bin_ev": 50.0}
    (tmp_path / "case.toml").write_text(case.as_toml(declared))
    ready = prepare_input(read_preparation(tmp_path / "case.toml"))
    save_fusion_input(tmp_path / "case.zarr", ready)
    grid = [{"regularizer": "lrs", "mu": [0.1], "rank": 2}]
    sweep = declare("real", {"toy": tmp_path / "case.zarr"}, grid)
    run_sweep(sweep, directory=tmp_path / "sweep", executor="inline")
    collect(tmp_path / "sweep", cubes="all")
    results = open_results(tmp_path / "sweep")
    written = export_results(results, "fits", tmp_path / "fits")
    assert len(written) == 6
    for path in (p for p in written if p.name == "cube.fits"):
        cube = read_sky_image(path)
        fused = results.trial(path.parent.name).open()
        assert_array_equal(cube.values, fused["flux"].values)
        assert_allclose(cube.edges, fused["energy_edges"].values, rtol=0)
        sky = grid_from_text(ready.attrs["sky_wcs"])
        assert_same_sky(cube.grid.sky_of(3, 4), sky.sky_of(3, 4), 1e-9)
        assert cube.header["TRIAL"] == path.parent.name
        settings = {key.lower(): value for key, value in cube.header.items()}
        assert settings["regularizer"] == "lrs"
        assert settings["mu"] == 0.1
        theirs = SpectralCube.read(path)
        middle = fused["energy"].values
        assert_allclose(theirs.spectral_axis.to_value("keV"), middle, atol=1e-6)
        assert_array_equal(theirs.unmasked_data[:].value, fused["flux"].values)
        spectrum = fits.getdata(path.with_name("field.pha"), "SPECTRUM")
        assert "STAT_ERR" in spectrum.names
    sampled = ["sample", str(tmp_path / "sweep"), "--draws", "2"]
    CliRunner().invoke(hifred, sampled, catch_exceptions=False)
    trial = results.trials.trials[0]
    draws = read_draws(tmp_path / "sweep" / "draws" / f"{trial}.zarr")
    one = export_any(tmp_path / "sweep", "fits", trial=trial)
    every = export_results(results, "fits", tmp_path / "fits")
    for path in (one[0], next(p for p in every if p.name == "cube.fits")):
        error = read_sky_image(path, "UNCERT").values
        assert_allclose(error, draws.standard_error(), rtol=1e-4)
