"""A fused cube is found wherever it is kept."""

from pathlib import Path

import pytest

from hifred.errors import HifredError
from hifred.store.fused import open_fused
from tests.shelves import make_input, make_trial, publish, trial_path


def test_a_trial_is_opened_by_its_file(tmp_path: Path) -> None:
    result = make_trial(make_input(), 1)
    publish(tmp_path, "0123456789ab", result)
    fused = open_fused(trial_path(tmp_path, "0123456789ab"))
    assert fused.name == "0123456789ab"
    assert fused.fusion_input is None
    assert fused.result["flux"].equals(result["flux"])


def test_a_trial_of_no_sweep_is_told(tmp_path: Path) -> None:
    publish(tmp_path, "0123456789ab", make_trial(make_input(), 1))
    path = trial_path(tmp_path, "0123456789ab")
    with pytest.raises(HifredError, match="is a single fusion"):
        open_fused(path, trial="0123")


def test_a_trial_without_a_cube_is_told(tmp_path: Path) -> None:
    result = make_trial(make_input(), 1).drop_vars("reference_exposure")
    publish(tmp_path, "0123456789ab", result)
    with pytest.raises(HifredError, match="it lacks reference_exposure"):
        open_fused(trial_path(tmp_path, "0123456789ab"))


def test_what_is_no_result_is_told(tmp_path: Path) -> None:
    with pytest.raises(HifredError, match="results must be collected first"):
        open_fused(tmp_path)
