"""The latest state of a trial: whole, or not there."""

import io
import os
from pathlib import Path

import numpy as np
import pytest

from hifred.errors import SchemaError
from hifred.store.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from hifred.store.sealed_zip import write_sealed

NAME = "ab12cd34ef56"


def saved(path: Path, iteration: int = 3) -> Checkpoint:
    arrays = {"z": np.arange(6.0).reshape(2, 3), "n": np.array(iteration)}
    checkpoint = Checkpoint(NAME, iteration, 1.5, arrays)
    save_checkpoint(path, checkpoint)
    return checkpoint


def test_a_checkpoint_reads_back(tmp_path: Path) -> None:
    expected = saved(tmp_path / "c.npz")
    found = load_checkpoint(tmp_path / "c.npz", NAME)
    assert (found.iteration, found.seconds) == (3, 1.5)
    assert found.arrays.keys() == expected.arrays.keys()
    for name, array in expected.arrays.items():
        np.testing.assert_array_equal(found.arrays[name], array)
        assert found.arrays[name].dtype == array.dtype


def test_a_later_one_replaces_it_and_leaves_nothing(tmp_path: Path) -> None:
    saved(tmp_path / "c.npz")
    saved(tmp_path / "c.npz", 7)
    assert load_checkpoint(tmp_path / "c.npz", NAME).iteration == 7
    assert [p.name for p in tmp_path.iterdir()] == ["c.npz"]


def test_numpy_reads_it_too(tmp_path: Path) -> None:
    saved(tmp_path / "c.npz")
    with np.load(tmp_path / "c.npz", allow_pickle=False) as found:
        np.testing.assert_array_equal(found["n"], 3)


@pytest.mark.parametrize("place", [0, 50, 300, -1, -70, -90])
def test_a_flipped_bit_is_noticed(tmp_path: Path, place: int) -> None:
    saved(tmp_path / "c.npz")
    content = bytearray((tmp_path / "c.npz").read_bytes())
    content[place] ^= 1
    (tmp_path / "c.npz").write_bytes(content)
    with pytest.raises(SchemaError):
        load_checkpoint(tmp_path / "c.npz", NAME)


def test_a_pipe_is_no_checkpoint(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "c.npz")
    with pytest.raises(SchemaError, match="it is no file"):
        load_checkpoint(tmp_path / "c.npz", NAME)


def test_that_of_another_trial_is_refused(tmp_path: Path) -> None:
    saved(tmp_path / "c.npz")
    with pytest.raises(SchemaError, match="must belong to trial 0000"):
        load_checkpoint(tmp_path / "c.npz", "000000000000")


def test_objects_are_never_unpickled(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.array([{}], dtype=object), allow_pickle=True)
    head = (
        b'{"schema_version": 1, "trial_id": "ab12cd34ef56", "iteration": 1,'
        b' "seconds": 0}'
    )
    with (tmp_path / "c.npz").open("xb+") as file:
        write_sealed(file, {"checkpoint.json": head, "z.npy": buffer.getvalue()})
    with pytest.raises(SchemaError, match="plain numbers"):
        load_checkpoint(tmp_path / "c.npz", NAME)


@pytest.mark.parametrize("name", ["a:b", "../a", "/a", "a\\b"])
def test_a_name_that_could_not_be_read_back_is_not_written(
    tmp_path: Path, name: str
) -> None:
    checkpoint = Checkpoint(NAME, 1, 0.0, {name: np.zeros(2)})
    with pytest.raises(ValueError, match="plain names"):
        save_checkpoint(tmp_path / "c.npz", checkpoint)
    assert list(tmp_path.iterdir()) == []
