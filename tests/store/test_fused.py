"""A fused cube is found wherever it is kept, and what was fused with it."""

import logging
import shutil
from pathlib import Path

import pytest
import xarray as xr

from hifred.errors import HifredError
from hifred.store import save_fusion_input
from hifred.store.fused import open_fused
from hifred.store.fusion_input import observations_digest
from hifred.store.fusion_result import save_result
from hifred.store.whole_zarr import save_zarr
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
    with pytest.raises(HifredError, match=r"there is no .*absent\.zarr"):
        open_fused(tmp_path / "absent.zarr")


def test_what_is_not_fused_yet_is_told_how_to_fuse_it(tmp_path: Path) -> None:
    path = tmp_path / "toy.zarr"
    save_fusion_input(path, make_input())
    with pytest.raises(HifredError, match="is an input, from which nothing is fused"):
        open_fused(path)


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ("hifred-posterior-draws", "holds draws of one"),
        ("hifred-bootstrap", "holds the errors of one"),
        ("hifred-line-maps", "holds line maps"),
    ],
)
def test_what_lies_beside_fusions_is_told(
    tmp_path: Path, schema: str, words: str
) -> None:
    save_zarr(xr.Dataset(attrs={"schema": schema}), tmp_path / "other.zarr")
    with pytest.raises(HifredError, match=f"other.zarr {words}.*`hifred fuse` wrote"):
        open_fused(tmp_path / "other.zarr")


@pytest.fixture
def fusion(tmp_path: Path) -> Path:
    """A result whose input lies in a folder of its own."""
    toy = make_input()
    path = save_fusion_input(tmp_path / "inputs/toy.zarr", toy)
    result = make_trial(toy, 1).assign_attrs(
        input=str(path), observations_digest=observations_digest(toy.observations)
    )
    return save_result(tmp_path / "results/fused.zarr", result)


def other_input(path: Path) -> Path:
    """As many energies and counts, but a longer exposure."""
    toy = make_input()
    for name, observation in toy.observations.items():
        longer = observation.assign(exposure_time=2 * observation["exposure_time"])
        toy.observations[name] = longer
    return save_fusion_input(path, toy)


def test_what_was_fused_is_found_where_it_was(fusion: Path) -> None:
    assert open_fused(fusion).fusion_input is not None


def test_what_was_fused_is_found_beside_the_result(fusion: Path) -> None:
    shutil.move(fusion.parents[1] / "inputs/toy.zarr", fusion.parent / "toy.zarr")
    assert open_fused(fusion).fusion_input is not None
    shutil.move(fusion.parent / "toy.zarr", fusion.parent / "elsewhere.zarr")
    assert open_fused(fusion).fusion_input is None


def test_what_was_fused_and_has_changed_is_told_and_left(
    fusion: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other_input(fusion.parents[1] / "inputs/toy.zarr")
    with caplog.at_level(logging.WARNING):
        assert open_fused(fusion).fusion_input is None
    assert "going on without the input" in caplog.text
    assert "its counts or responses are others" in caplog.text


def test_another_input_that_is_given_is_refused(fusion: Path, tmp_path: Path) -> None:
    other = other_input(tmp_path / "other.zarr")
    with pytest.raises(HifredError, match="its counts or responses are others"):
        open_fused(fusion, fusion_input=other)
