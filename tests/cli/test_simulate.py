import json

import numpy as np
import pytest
import xarray as xr
from click.testing import CliRunner

from hifred.cli.simulate import (
    bootstrap,
    coverage_words,
    parse_assignments,
    simulate,
)
from hifred.errors import HifredError, SettingsError
from hifred.store import open_fusion_input

SMALL = ["--shape", "12", "9", "--energies", "36", "--counts", "5e4"]


def run(command, *words):
    return CliRunner().invoke(command, [str(word) for word in words])


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    path = tmp_path_factory.mktemp("toy") / "toy.zarr"
    done = run(simulate, "gaussian_1kev_rebinned", path, *SMALL, "--json")
    assert done.exit_code == 0, done.output
    return path, json.loads(done.stdout)


def test_a_simulation_is_saved_whole(toy):
    path, printed = toy
    fusion_input = open_fusion_input(path)
    assert fusion_input.truth["flux"].shape == (36, 12, 9)
    assert (
        printed["counts"]["imager"]
        == fusion_input.observations["imager"]["counts"].sum()
    )


def test_any_setting_can_be_set(tmp_path):
    path = tmp_path / "other.zarr"
    words = ("--set", "imager.psf_width_arcsec=6", "--set", "scene=shell", "--seed", 3)
    done = run(simulate, "gaussian_6kev", path, *SMALL, *words)
    assert done.exit_code == 0, done.output
    settings = json.loads(open_fusion_input(path).attrs["simulation"])
    assert settings["imager"]["psf_width_arcsec"] == 6
    assert settings["scene"] == "shell"
    assert settings["seed"] == 3


def test_assignments_are_toml_or_text():
    words = ("a=1", "b.c = [1, 2]", "d=shell", 'e="x"', "f=true")
    expected = {"a": 1, "b.c": [1, 2], "d": "shell", "e": "x", "f": True}
    assert parse_assignments(words) == expected
    with pytest.raises(HifredError, match="must be name=value; got 'a'"):
        parse_assignments(("a",))


def test_bad_settings_write_nothing(tmp_path):
    done = run(simulate, "gaussian_1kev", tmp_path / "x.zarr", "--set", "sead=3")
    assert isinstance(done.exception, SettingsError)
    assert list(tmp_path.iterdir()) == []


def test_a_bias_is_told_where_it_spoils_the_coverage():
    assert coverage_words(xr.Dataset()) == ""
    biased = xr.Dataset({"coverage": 0.3, "bias_share": 2.5})
    assert "bias of 2.5 standard errors" in coverage_words(biased)
    fair = xr.Dataset({"coverage": 0.68, "bias_share": 0.1})
    assert coverage_words(fair).endswith("68.0% of bright band voxels")


@pytest.mark.slow
def test_a_bootstrap_gives_standard_errors(toy, tmp_path):
    output = tmp_path / "errors.zarr"
    words = ("--mu", 3e-4, "--rank", 3, "--draws", 3, "--bands", 2, "-o", output,
             "--keep-refits")  # fmt: skip
    done = run(bootstrap, toy[0], *words, "--set", "tolerance=1e-3")
    assert done.exit_code == 0, done.output
    assert "3 refits, coverage of the truth" in done.output
    assert "less their bias" in done.output
    errors = xr.open_zarr(output)
    assert errors["standard_error"].shape == errors["flux"].shape == (36, 12, 9)
    assert np.all(errors["band_standard_error"] > 0)
    assert errors["corrected_flux"].shape == errors["flux"].shape
    assert np.all(errors["corrected_band_standard_error"] > 0)
    assert [p.name for p in tmp_path.iterdir()] == ["errors.zarr"]
    spread = errors["refits"].std("replica", ddof=1)
    wanted = errors["corrected_standard_error"]
    np.testing.assert_allclose(
        spread, wanted, rtol=1e-3, atol=1e-3 * float(wanted.max())
    )
    again = run(bootstrap, toy[0], *words)
    assert isinstance(again.exception, HifredError)
    assert "must not exist yet" in str(again.exception)
