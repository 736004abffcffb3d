"""`hifred spectra` and `hifred mixing` on files."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from hifred.cli import hifred
from hifred.errors import HifredError
from hifred.store import save_draws, save_fusion_input
from hifred.store.fusion_result import save_result
from tests.mixing.scene import REGIONS, make_input, make_result
from tests.spectra.test_spectra import draws_of


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with an input, its fusion, draws of it and regions."""
    monkeypatch.chdir(tmp_path)
    result = make_result()
    result = result.assign(flux=draws_of(result).fit)
    save_fusion_input("toy.zarr", make_input())
    save_result("fused.zarr", result.assign(term=("term", np.array(["total"]))))
    save_draws("draws.zarr", draws_of(result))
    Path("snr.reg").write_text(REGIONS)
    return tmp_path


def run(*words: str) -> str:
    done = CliRunner().invoke(hifred, list(words), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_spectra_with_errors_from_draws(folder: Path) -> None:
    told = run("spectra", "fused.zarr", "--regions", "snr.reg", "--input", "toy.zarr",
               "--draws", "draws.zarr", "--each-draw")  # fmt: skip
    assert "flux_error" in told
    written = folder / "fused-spectra"
    assert (written / "knot.pha").exists()
    assert (
        len(list((written / "draws").glob("rim-*.pha")))
        == draws_of(make_result()).count
    )
    assert "knot" in (written / "correlation.csv").read_text()


def test_mixing_before_any_fusion(folder: Path) -> None:
    told = run("mixing", "toy.zarr")
    assert "% of the light on resolve comes from beyond the pixel" in told
    names = {path.name for path in (folder / "toy-mixing").iterdir()}
    assert names == {"elsewhere.fits", "elsewhere.csv", "elsewhere.png"}


def test_mixing_with_draws_has_errors(folder: Path) -> None:
    run("mixing", "toy.zarr", "fused.zarr", "--regions", "snr.reg",
        "--draws", "draws.zarr", "-o", "joint")  # fmt: skip
    shares, errors = (
        pd.read_csv(folder / "joint" / name, index_col="region")
        for name in ("shares.csv", "shares_error.csv")
    )
    assert errors.columns.equals(shares.columns)
    assert (errors > 0).all(axis=None)
    assert (folder / "joint" / "origins_error.csv").exists()


def test_mixing_of_single_pixels_prints_what_is_lost(folder: Path) -> None:
    told = run("mixing", "toy.zarr", "fused.zarr", "--regions", "snr.reg", "--pixels",
               "-o", "joint")  # fmt: skip
    assert "lost" in told
    assert "pixel-1-1" not in told  # as many columns as pixels
    assert (folder / "joint" / "mixing.png").exists()


def test_a_result_without_regions_is_told(folder: Path) -> None:
    with pytest.raises(HifredError, match="given together, or neither"):
        run("mixing", "toy.zarr", "fused.zarr")
    with pytest.raises(HifredError, match="given together, or neither"):
        run("mixing", "toy.zarr", "--regions", "snr.reg")
