import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import zarr
from click.testing import CliRunner

from hifred.cli import hifred
from hifred.observations import FusionInput
from hifred.store import save_fusion_input
from hifred.store.line_maps import open_line_maps
from tests.scenes import observe, sky_cube

LINES = """\
[lines.middle]
energy_kev = 0.8
window_kev = [0.72, 0.88]
[ratios.slope]
upper_kev = [0.8, 1.0]
lower_kev = [0.5, 0.8]
"""


def run(*words: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(hifred, list(words))
    return done.exit_code, done.stdout, done.stderr + str(done.exception or "")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lines")
    data = observe(sky_cube((48, 6, 9), 200.0), rng=np.random.default_rng(3))
    save_fusion_input(folder / "toy.zarr", FusionInput(data, None, {}))
    (folder / "lines.toml").write_text(LINES)
    fuse = [
        "--regularizer",
        "lrs",
        "--mu",
        "0.001",
        "--rank",
        "3",
        "--skip-check",
        "-o",
    ]
    words = ("fuse", str(folder / "toy.zarr"), *fuse, str(folder / "fused.zarr"))
    assert run(*words)[0] == 0
    return folder


def test_maps_tables_and_figures_are_written(project: Path, tmp_path: Path) -> None:
    code, told, _ = run(
        "lines", str(project / "fused.zarr"), str(project / "lines.toml"),
        "--input", str(project / "toy.zarr"), "-o", str(tmp_path / "out"),
    )  # fmt: skip
    assert code == 0
    assert "middle" in told
    assert "5 files in" in told
    names = {path.name for path in (tmp_path / "out").iterdir()}
    wanted = {"lines.zarr", "lines.csv", "middle.fits", "middle.png", "bands.fits"}
    assert names == wanted
    maps = open_line_maps(tmp_path / "out")
    assert maps.attrs["resolution_removed"] == 1
    assert maps["flux"].shape == (1, 6, 9)


def test_without_the_input_the_resolution_is_said_to_be_in_the_width(
    project: Path, tmp_path: Path
) -> None:
    alone = shutil.copytree(project / "fused.zarr", tmp_path / "fused.zarr")
    zarr.open_group(alone, mode="a").attrs["input"] = "gone.zarr"
    code, _, told = run(
        "lines", str(alone), str(project / "lines.toml"), "-o", str(tmp_path / "out")
    )
    assert code == 0
    assert "the widths include the resolution: give --input" in told


def test_side_bands_that_are_no_straight_continuum_are_told(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The line of this sky is as wide as its window.
    words = ("lines", str(project / "fused.zarr"), str(project / "lines.toml"))
    _, _, told = run(*words, "-o", str(tmp_path / "out"))
    maps = open_line_maps(tmp_path / "out").isel(line=0)
    share = float((maps["continuum_error"] / maps["flux"]).median())
    assert "the side bands of 'middle' are no straight continuum" in told
    assert f"wrong by {share:.0%}" in told
    monkeypatch.setattr("hifred.cli.lines.LEAST_TOLD", 2 * share)
    _, _, told = run(*words, "-o", str(tmp_path / "out"))
    assert "side bands" not in told


def test_what_is_wrong_is_told(project: Path, tmp_path: Path) -> None:
    (tmp_path / "lines.toml").write_text('[lines.iron]\nline = "Fe XXV w"\n')
    code, _, told = run(
        "lines", str(project / "fused.zarr"), str(tmp_path / "lines.toml"),
        "-o", str(tmp_path / "out"),
    )  # fmt: skip
    assert code != 0
    assert "line 'iron' (Fe XXV w) must lie between 0.5 and 1 keV" in told
    assert not (tmp_path / "out").exists()


def test_lines_of_regions_are_a_table_beside(project: Path, tmp_path: Path) -> None:
    (tmp_path / "two.reg").write_text(
        "image\ncircle(3,3,2) # text={one}\nbox(7,3,3,3,0) # text={two}\n"
    )
    code, told, _ = run(
        "lines", str(project / "fused.zarr"), str(project / "lines.toml"),
        "--input", str(project / "toy.zarr"), "-o", str(tmp_path / "out"),
        "--regions", str(tmp_path / "two.reg"), "--uncorrected",
    )  # fmt: skip
    assert code == 0, told
    assert "velocity_km_s" in told
    assert len([line for line in told.splitlines() if " two " in line]) == 1
    table = pd.read_csv(tmp_path / "out" / "regions.csv")
    assert table["region"].tolist() == ["one", "two"]
    # 9 pixels of the second, whole.
    maps = open_line_maps(tmp_path / "out")
    inside = maps["moment_flux"][0, 1:4, 5:8].sum()
    found = table["moment_flux [photon cm-2 s-1]"][1]
    assert found == pytest.approx(float(inside))


def test_bands_alone_are_files_alone(project: Path, tmp_path: Path) -> None:
    (tmp_path / "bands.toml").write_text("[moments.all]\nband_kev = [0.5, 1.0]\n")
    (tmp_path / "one.reg").write_text("image\ncircle(3,3,2)\n")
    code, told, _ = run(
        "lines", str(project / "fused.zarr"), str(tmp_path / "bands.toml"),
        "-o", str(tmp_path / "out"), "--regions", str(tmp_path / "one.reg"),
    )  # fmt: skip
    assert code == 0, told
    assert told.splitlines() == [f"2 files in {tmp_path / 'out'}"]


def test_the_template_needs_no_result() -> None:
    code, told, _ = run("lines", "--template")
    assert code == 0
    assert "[lines.iron]" in told
