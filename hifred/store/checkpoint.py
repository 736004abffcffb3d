"""The latest state of a running trial, replaced in one step."""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np

from hifred.errors import SchemaError
from hifred.store.durable import replace_file
from hifred.store.sealed_zip import check_seal, open_sealed, read_member, write_sealed

SCHEMA_VERSION = 1
_HEAD = "checkpoint.json"


@final
@dataclass(frozen=True)
class Checkpoint:
    """State of one trial after some iterations.

    Parameters
    ----------
    trial_id : str
        Whose state it is.
    iteration : int
        Iterations done.
    seconds : float
        Work spent up to here, over all attempts, s.
    arrays : mapping of arrays
        The kernel's own state; numbers only.
    """

    trial_id: str
    iteration: int
    seconds: float
    arrays: Mapping[str, np.ndarray]


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Replace the checkpoint at `path`; a reader sees the old or the new one."""
    head = {
        "schema": "hifred-checkpoint",
        "schema_version": SCHEMA_VERSION,
        "trial_id": checkpoint.trial_id,
        "iteration": int(checkpoint.iteration),
        "seconds": float(checkpoint.seconds),
    }
    members: dict[str, bytes | memoryview] = {_HEAD: json.dumps(head).encode()}
    for name, array in checkpoint.arrays.items():
        members[f"{name}.npy"] = _npy_bytes(array)
    replace_file(path, lambda file: write_sealed(file, members))


def load_checkpoint(path: Path, trial_id: str) -> Checkpoint:
    """Read back a checkpoint.

    Raises
    ------
    SchemaError
        If it is damaged, of another trial, or of another schema version.
    FileNotFoundError
        If there is none.
    """
    check_seal(path)
    with open_sealed(path) as archive:
        head: dict[str, Any] = json.loads(read_member(path, archive, _HEAD))
        if head.get("schema_version") != SCHEMA_VERSION:
            raise SchemaError(
                f"{path.name} must have schema version {SCHEMA_VERSION}; "
                f"got {head.get('schema_version')}. It will be started again."
            )
        if head["trial_id"] != trial_id:
            raise SchemaError(
                f"{path.name} must belong to trial {trial_id}; got {head['trial_id']}."
            )
        arrays = {
            name.removesuffix(".npy"): _read_npy(read_member(path, archive, name))
            for name in archive.namelist()
            if name != _HEAD
        }
    return Checkpoint(trial_id, head["iteration"], head["seconds"], arrays)


def _npy_bytes(array: np.ndarray) -> memoryview:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.asarray(array), allow_pickle=False)
    return buffer.getbuffer()


def _read_npy(content: bytes) -> np.ndarray:
    try:
        array: np.ndarray = np.lib.format.read_array(
            io.BytesIO(content), allow_pickle=False
        )
    except ValueError as error:
        raise SchemaError(f"a checkpoint must hold plain numbers; {error}.") from error
    return array
