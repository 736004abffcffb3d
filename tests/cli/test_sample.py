"""`hifred sample`: draws of a fusion, in one process and in two, and on again."""

import dataclasses
import shutil

import numpy as np
import pytest
from astropy.io import fits
from click.testing import CliRunner
from numpy.testing import assert_array_equal

from hifred.cli import hifred
from hifred.errors import HifredError
from hifred.fusion import FusionSettings, fuse
from hifred.posterior import Sampler
from hifred.simulation import simulate_model
from hifred.store import open_fusion_input, read_draws, save_fusion_input
from hifred.store.fused import open_fused
from hifred.store.fusion_result import save_result
from hifred.sweep.driver import sample_run


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("sample")
    toy = simulate_model(
        "gaussian_1kev_rebinned", shape=(9, 6), n_energies=24, counts=4e4
    )
    save_fusion_input(path / "toy.zarr", toy)
    settings = FusionSettings(regularizer="lrs", mu=0.001, rank=3)
    save_result(path / "fused.zarr", fuse(toy.observations, settings))
    return path


def sample(folder, output, *words):
    fused, toy = str(folder / "fused.zarr"), str(folder / "toy.zarr")
    unchecked = [] if "--checks" in words else ["--checks", "0"]
    arguments = ["sample", fused, "--input", toy, "-o", str(output), *words, *unchecked]
    return CliRunner().invoke(hifred, arguments, catch_exceptions=False)


def test_draws_are_written(folder, tmp_path):
    done = sample(folder, tmp_path / "draws.zarr", "--draws", "4", "--seed", "2")
    assert done.exit_code == 0
    assert "4 draws" in done.stdout
    draws = read_draws(tmp_path / "draws.zarr")
    assert draws.count == 4
    assert [path.name for path in tmp_path.iterdir()] == ["draws.zarr"]


def test_other_commands_find_the_draws(folder, tmp_path):
    fused = shutil.copytree(folder / "fused.zarr", tmp_path / "fused.zarr")
    toy = folder / "toy.zarr"
    for words in (
        ["sample", fused, "--input", toy, "--draws", "3"],
        ["export", fused, "--to", "fits", "--input", toy, "-o", tmp_path / "fits"],
    ):
        CliRunner().invoke(hifred, list(map(str, words)), catch_exceptions=False)
    draws = read_draws(tmp_path / "fused-draws.zarr")
    error = fits.getdata(tmp_path / "fits/cube.fits", "UNCERT")
    np.testing.assert_allclose(error, draws.standard_error(), rtol=1e-6)


@pytest.mark.slow
def test_workers_draw_the_same(folder, tmp_path):
    sample(folder, tmp_path / "one.zarr", "--draws", "4")
    sample(folder, tmp_path / "two.zarr", "--draws", "4", "--workers", "2")
    one, two = (read_draws(tmp_path / f"{name}.zarr") for name in ("one", "two"))
    name = "drawn_coefficients"
    np.testing.assert_allclose(one.data[name], two.data[name], rtol=1e-4, atol=1e-3)


def test_the_check_is_printed_and_kept(folder, tmp_path):
    done = sample(folder, tmp_path / "draws.zarr", "--draws", "2", "--checks", "1")
    check = read_draws(tmp_path / "draws.zarr").check
    assert check.n_refits == 1
    said = " ".join(done.stdout.split())
    for sentence in (check.sentence, *check.warnings):
        assert sentence in said


def test_an_interrupted_command_goes_on(folder, tmp_path, monkeypatch):
    draw, drawn = Sampler.draw, []

    def interrupted(self, seed, i_draw):
        if len(drawn) == 2:
            raise KeyboardInterrupt
        drawn.append(i_draw)
        return draw(self, seed, i_draw)

    monkeypatch.setattr(Sampler, "draw", interrupted)
    sample(folder, tmp_path / "draws.zarr", "--draws", "4")
    assert not (tmp_path / "draws.zarr").exists()
    again = []
    monkeypatch.setattr(
        Sampler, "draw", lambda s, seed, i: again.append(i) or draw(s, seed, i)
    )
    assert sample(folder, tmp_path / "draws.zarr", "--draws", "4").exit_code == 0
    assert (drawn, again) == ([0, 1], [2, 3])
    monkeypatch.undo()
    sample(folder, tmp_path / "whole.zarr", "--draws", "4")
    name = "drawn_coefficients"
    parts, whole = (
        read_draws(tmp_path / f"{n}.zarr").data[name] for n in ("draws", "whole")
    )
    assert_array_equal(parts, whole)


def test_the_input_must_be_known(folder, tmp_path):
    words = ["sample", str(folder / "fused.zarr"), "-o", str(tmp_path / "d.zarr")]
    with pytest.raises(HifredError, match="Give it with --input"):
        CliRunner().invoke(hifred, words, catch_exceptions=False)


def test_a_result_is_opened_once_and_its_input_found(folder, tmp_path, monkeypatch):
    fused, seen = str(tmp_path / "fused.zarr"), []
    words = ["--regularizer", "lrs", "--mu", "0.001", "--rank", "3", "--skip-check"]
    CliRunner().invoke(hifred, ["fuse", str(folder / "toy.zarr"), *words, "-o", fused])

    def counted(*arguments):
        seen.append(arguments)
        return open_fused(*arguments)

    monkeypatch.setattr(sample_run, "open_fused", counted)
    done = CliRunner().invoke(
        hifred, ["sample", fused, "--draws", "2", "--checks", "0"]
    )
    assert done.exit_code == 0, done.output
    assert len(seen) == 1
    assert read_draws(tmp_path / "fused-draws.zarr").count == 2


def test_another_input_is_told_by_its_digest(folder, tmp_path):
    fused, toy = str(tmp_path / "fused.zarr"), str(folder / "toy.zarr")
    words = ["--regularizer", "lrs", "--mu", "0.001", "--rank", "3", "--skip-check"]
    CliRunner().invoke(hifred, ["fuse", toy, *words, "-o", fused])
    given = open_fusion_input(folder / "toy.zarr")
    # Without the truth it is the same; with a longer exposure and as many counts, the
    # likelihoods of another flux would be the same, too.
    same = dataclasses.replace(given, truth=None)
    save_fusion_input(tmp_path / "same.zarr", same)
    arguments = ["sample", fused, "--draws", "2", "--checks", "0", "--input"]

    def run(name):
        path, output = str(tmp_path / name), str(tmp_path / "draws.zarr")
        return CliRunner().invoke(
            hifred, [*arguments, path, "-o", output], catch_exceptions=False
        )

    assert run("same.zarr").exit_code == 0
    longer = {
        name: o.assign(exposure_time=2 * o["exposure_time"])
        for name, o in given.observations.items()
    }
    other = dataclasses.replace(given, observations=longer)
    save_fusion_input(tmp_path / "other.zarr", other)
    with pytest.raises(HifredError, match=r"must be what was fused, with digest .*toy"):
        run("other.zarr")


def test_nothing_but_draws_is_replaced(folder, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(HifredError, match="new or empty folder, or earlier draws"):
        sample(folder, tmp_path, "--draws", "4")
    assert open_fusion_input(folder / "toy.zarr")
