import subprocess
import sys
from pathlib import Path

import pytest

from hifred.observations.fits_images import read_sky_image
from hifred.store import open_fusion_input

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.parametrize("case", ["cube", "events"])
def test_the_whole_chain_runs_on_real_files(
    shared_data: Path, tmp_path: Path, case: str
) -> None:
    script = ROOT / "workflows" / "real_instruments" / "run.py"
    command = [sys.executable, script, "--case", case, "--data", shared_data]
    done = subprocess.run(
        [*map(str, command), "--out", str(tmp_path)],
        capture_output=True,
        check=True,
        text=True,
    )
    assert "the responses agree" in done.stdout
    assert "below the tolerance" in done.stdout
    assert (tmp_path / "maps.png").stat().st_size > 10_000
    fusion_input = open_fusion_input(tmp_path / "input.zarr")
    acis, resolve = (fusion_input.observations[n] for n in ("acis", "resolve"))
    assert resolve["counts"].shape[1:] == (6, 6)
    fused = read_sky_image(tmp_path / "fits" / "cube.fits")
    assert fused.values.shape[1:] == acis["counts"].shape[1:]
