"""`hifred check` prints the figures and tells the verdict by its exit code."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from hifred.cli import hifred
from hifred.cli.check import EPILOG
from hifred.errors import SchemaError
from hifred.observations import FusionInput
from hifred.store import save_fusion_input
from tests.observations.scenes import drawn_counts, imager, spectrometer


@pytest.fixture(scope="module")
def counts() -> dict[str, np.ndarray]:
    return drawn_counts(1e5, seed=3)


def test_right_responses_end_with_0(
    tmp_path: Path, counts: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    case = {
        "epic": imager(counts=counts["epic"]),
        "resolve": spectrometer(counts=counts["resolve"]),
    }
    save_fusion_input(tmp_path / "remnant.zarr", FusionInput(case))
    monkeypatch.chdir(tmp_path)
    example = EPILOG.splitlines()[-1].split()
    assert example[0] == "hifred"
    result = CliRunner().invoke(hifred, example[1:])
    assert result.exit_code == 0, result.output
    assert "epic against resolve" in result.output
    assert "PSF width" in result.output
    assert "the responses agree" in result.output


def test_wrong_responses_end_with_1_and_say_why(
    tmp_path: Path, counts: dict[str, np.ndarray]
) -> None:
    case = {
        "epic": imager(counts=counts["epic"]),
        "resolve": spectrometer(counts=counts["resolve"][:, ::-1]),
    }
    path = save_fusion_input(tmp_path / "wrong.zarr", FusionInput(case))
    result = CliRunner().invoke(hifred, ["check", str(path)])
    assert result.exit_code == 1
    assert "fits better flipped in y" in " ".join(result.output.split())


def test_a_folder_that_is_no_input_is_refused(tmp_path: Path) -> None:
    result = CliRunner().invoke(hifred, ["check", str(tmp_path)])
    assert isinstance(result.exception, SchemaError)
