"""One fusion is shown like the trial of a sweep."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from hifred.cli import hifred
from hifred.errors import HifredError
from hifred.explore.explorer import Explorer
from hifred.plots.fusion_shelf import open_fusion_shelf
from hifred.plots.input_shelf import open_input_shelf
from hifred.store import save_fusion_input
from hifred.store.fusion_input import open_fusion_input


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fusion")
    size = ["--shape", "9", "6", "--energies", "20", "--counts", "1e4"]
    commands = [
        ["simulate", "gaussian_1kev_rebinned", str(folder / "toy.zarr"), *size],
        ["fuse", str(folder / "toy.zarr"), "--regularizer", "lrs", "--mu", "0.01",
         "--rank", "2", "-o", str(folder / "fused.zarr")],
    ]  # fmt: skip
    for command in commands:
        done = CliRunner().invoke(hifred, command)
        assert done.exit_code == 0, done.output
    return folder


def test_a_fusion_is_a_shelf_of_one_trial(folder: Path) -> None:
    shelf = open_fusion_shelf(folder / "fused.zarr")
    assert shelf.table.trials == ["fused"]
    assert shelf.setting("fused", "mu") == 0.01
    row = shelf.row("fused")
    result = shelf.trial("fused")
    settings = json.loads(result.attrs["settings"])
    assert (row["model"], row["rank"]) == ("toy", settings["rank"])
    assert np.isfinite(row["nmse_db"])
    assert "Take lrs mu 0.01 rank 2" in shelf.verdicts()[0].sentence


def test_the_explorer_shows_it(folder: Path) -> None:
    explorer = Explorer(open_fusion_shelf(folder / "fused.zarr"))
    explorer.show()
    assert explorer.view.trial == "fused"


def test_an_input_that_is_not_there_is_asked_for(folder: Path, tmp_path: Path) -> None:
    away = tmp_path / "toy.zarr"
    (folder / "toy.zarr").rename(away)
    try:
        with pytest.raises(HifredError, match=r"it is not at .*Give it by --input"):
            open_fusion_shelf(folder / "fused.zarr")
        assert open_fusion_shelf(folder / "fused.zarr", away).table.trials == ["fused"]
    finally:
        away.rename(folder / "toy.zarr")


def test_another_input_is_refused(folder: Path, tmp_path: Path) -> None:
    found = open_fusion_input(folder / "toy.zarr")
    imager = found.observations["imager"]
    found.observations["imager"] = imager.assign(counts=imager["counts"] + 1)
    save_fusion_input(tmp_path / "other.zarr", found)
    with pytest.raises(HifredError, match="counts or responses are others"):
        open_fusion_shelf(folder / "fused.zarr", tmp_path / "other.zarr")


def test_an_input_alone_is_a_shelf_without_a_fusion(folder: Path) -> None:
    shelf = open_input_shelf(folder / "toy.zarr")
    (trial,) = shelf.table.trials
    assert shelf.is_input
    assert not shelf.is_done(trial)
    sentences = [verdict.sentence for verdict in shelf.verdicts()]
    assert sentences[0] == "the responses agree"
    assert any(sentence.startswith("imager") for sentence in sentences)
    with pytest.raises(HifredError, match="an input has no fused cube"):
        shelf.fusion(trial)
