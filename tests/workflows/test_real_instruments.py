import runpy
from pathlib import Path

import pytest
from click.testing import CliRunner

from hifred.observations.formats.fits_images import read_sky_image
from hifred.store import open_fusion_input

FOLDER = Path(__file__).parents[2] / "workflows" / "real_instruments"
SCRIPT = runpy.run_path(str(FOLDER / "run.py"))


@pytest.mark.slow
@pytest.mark.parametrize("case", ["cube", "events"])
def test_the_whole_chain_runs_on_real_files(
    shared_data: Path, tmp_path: Path, case: str
) -> None:
    options = ["--case", case, "--data", str(shared_data), "--out", str(tmp_path)]
    done = CliRunner().invoke(SCRIPT["main"], options)
    assert done.exit_code == 0, done.output
    assert "the responses agree" in done.output
    assert "below the tolerance" in done.output
    assert (tmp_path / "maps.png").stat().st_size > 10_000
    fusion_input = open_fusion_input(tmp_path / "input.zarr")
    acis, resolve = (fusion_input.observations[n] for n in ("acis", "resolve"))
    assert resolve["counts"].shape[1:] == (6, 6)
    fused = read_sky_image(tmp_path / "fits" / "cube.fits")
    assert fused.values.shape[1:] == acis["counts"].shape[1:]
