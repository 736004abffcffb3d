"""One finished trial: one immutable file, published in one step."""

import hashlib
import json
import math
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
import zarr
from zarr.storage import ZipStore

from hifred.errors import SchemaError
from hifred.store.durable import publish_once
from hifred.store.sealed_zip import (
    DamagedFileError,
    check_seal,
    open_sealed,
    read_member,
    write_sealed,
)
from hifred.store.zarr_tree import RAW_CODECS, dataset_members

SCHEMA = "hifred-trial"
SCHEMA_VERSION = 1
SUFFIX = ".zarr.zip"
NUMERIC_TYPES = ("bool", "int", "uint", "float")
ALLOWED_TYPES = ("string", *NUMERIC_TYPES)
NO_GRID: Mapping[str, Any] = {"shape": [], "digest": ""}


def trial_path(root: Path, trial_id: str) -> Path:
    """Return where a sweep in `root` publishes a trial."""
    return root / "trials" / trial_id[:2] / f"{trial_id}{SUFFIX}"


def input_path(root: Path, model: str) -> Path:
    """Return where a sweep in `root` keeps the input of a model."""
    return root / "inputs" / f"{model}.zarr"


def publish_trial(path: Path, result: xr.Dataset, record: Mapping[str, Any]) -> bool:
    """Write `result` to `path` once; the first of several attempts wins.

    Parameters
    ----------
    path : path
        The file to create, in an existing folder.
    result : Dataset
        Cube, maps, curves and scalars with their units, numbers or text only.
    record : mapping
        What identifies the trial and where it came from: ``trial_id``, ``model``,
        ``settings``, ``provenance`` and so on, JSON values only.

    Returns
    -------
    bool
        False when the trial had been published before: that file is untouched.
    """
    members = dataset_members(result.assign_attrs(_attributes(result, record)))
    return publish_once(path, lambda file: write_sealed(file, members))


def _attributes(result: xr.Dataset, record: Mapping[str, Any]) -> dict[str, Any]:
    scalars = {
        str(name): _scalar_facts(array)
        for name, array in result.data_vars.items()
        if array.ndim == 0 and array.dtype.kind in "biuf"
    }
    return {
        **result.attrs,
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "record": dict(record),
        # Said twice, so that ten thousand trials are compared without opening arrays.
        "measures": scalars,
        "grid": grid_facts(result),
    }


def grid_facts(result: xr.Dataset) -> dict[str, Any]:
    """Return shape and digest of the grid that the cube of `result` lives on."""
    if "flux" not in result:
        return dict(NO_GRID)
    flux = result["flux"]
    digest = hashlib.sha256()
    for dim in flux.dims:
        digest.update(f"{dim} {flux.sizes[dim]}".encode())
        if dim in result.coords:
            digest.update(np.ascontiguousarray(result[dim].values).tobytes())
    return {"shape": [int(n) for n in flux.shape], "digest": digest.hexdigest()[:12]}


def _scalar_facts(array: xr.DataArray) -> dict[str, Any]:
    value = array.item()
    finite = value == value and abs(value) != float("inf")
    return {"value": value if finite else str(value), "attrs": dict(array.attrs)}


def read_trial_attributes(path: Path) -> dict[str, Any]:
    """Return the attributes of a trial file, without opening its arrays.

    Raises
    ------
    SchemaError
        If it is damaged, is no trial file, or has another schema version.
    """
    with open_sealed(path) as archive:
        metadata = _root_metadata(path, archive)
    attributes: dict[str, Any] = metadata["attributes"]
    try:
        return attributes | {
            "measures": _read_measures(attributes.get("measures", {})),
            "grid": _read_grid(attributes.get("grid", NO_GRID)),
            "record": dict(attributes.get("record", {})),
        }
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DamagedFileError(
            f"{path.name} must say measures, grid and record as hifred writes them; "
            f"got {error}. `hifred verify --repair` sets it aside."
        ) from error


def _read_measures(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: {"value": _read_number(fact["value"]), "attrs": dict(fact["attrs"])}
        for name, fact in facts.items()
    }


def _read_number(value: object) -> float:
    """Return a number of JSON, or one that JSON cannot say, as text."""
    if isinstance(value, str):
        return float(value)
    if not isinstance(value, int | float):
        raise TypeError(f"{value!r} for a number")
    return value


def _read_grid(facts: Mapping[str, Any]) -> dict[str, Any]:
    shape, digest = facts["shape"], facts["digest"]
    whole = all(type(n) is int and n > 0 for n in shape) and len(shape) in (0, 3)
    if not whole or not isinstance(digest, str):
        raise TypeError(f"{facts!r} for a grid")
    return {"shape": list(shape), "digest": digest}


def scalar_measures(attributes: Mapping[str, Any]) -> dict[str, float]:
    """Return the scalars that the attributes of a trial file hold, by name."""
    facts = attributes.get("measures", {})
    return {name: float(fact["value"]) for name, fact in facts.items()}


def _root_metadata(path: Path, archive: zipfile.ZipFile) -> dict[str, Any]:
    try:
        metadata = json.loads(read_member(path, archive, "zarr.json"))
        attributes = metadata["attributes"]
        found = (attributes.get("schema"), attributes.get("schema_version"))
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise SchemaError(f"{path.name} must be a Zarr version 3 group.") from error
    if found != (SCHEMA, SCHEMA_VERSION):
        raise SchemaError(
            f"{path.name} must have schema {SCHEMA!r}, version {SCHEMA_VERSION}; "
            f"got {found[0]!r}, version {found[1]!r}. "
            "Read it with the version of hifred that wrote it."
        )
    return dict(metadata)


def _check_types(path: Path, archive: zipfile.ZipFile) -> None:
    for name in archive.namelist():
        if not name.endswith("/zarr.json"):
            continue
        data_type = json.loads(read_member(path, archive, name)).get("data_type")
        plain = isinstance(data_type, str) and data_type.startswith(ALLOWED_TYPES)
        if not plain:
            raise SchemaError(
                f"{path.name} must hold numbers and text only; {name!r} has data "
                f"type {data_type!r}. Do not use this file."
            )


def open_trial(path: Path) -> xr.Dataset:
    """Open a trial file lazily; close it, or use it in a ``with`` block.

    Raises
    ------
    SchemaError
        If it is damaged, unsafe, no trial file, or has another schema version.
    """
    path = Path(path)
    with open_sealed(path) as archive:
        _root_metadata(path, archive)
        _check_types(path, archive)
    store = ZipStore(path, mode="r")
    try:
        return xr.open_zarr(store, consolidated=True, chunks=None)
    except (ValueError, KeyError, TypeError, zarr.errors.BaseZarrError) as error:
        raise DamagedFileError(f"{path.name} cannot be read: {error}.") from error


def read_arrays(path: Path, names: Iterable[str]) -> dict[str, np.ndarray]:
    """Read some numeric arrays of a trial file, checksums verified, without xarray.

    A collector reads thousands of files: this costs 0.3 ms where opening costs 10.

    Raises
    ------
    SchemaError
        If it is damaged or does not hold them.
    """
    with open_sealed(path) as archive:
        return {name: _read_array(path, archive, name) for name in names}


def _read_array(path: Path, archive: zipfile.ZipFile, name: str) -> np.ndarray:
    try:
        metadata = json.loads(read_member(path, archive, f"{name}/zarr.json"))
        data_type, codecs = str(metadata["data_type"]), metadata["codecs"]
        shape = tuple(int(n) for n in metadata["shape"])
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedFileError(f"{path.name} must describe {name!r}.") from error
    if codecs != RAW_CODECS or not data_type.startswith(NUMERIC_TYPES):
        raise SchemaError(f"{path.name} must hold {name!r} as plain numbers.")
    key = "/".join([name, "c", *["0"] * len(shape)])
    content = read_member(path, archive, key)
    if len(content) != math.prod(shape) * np.dtype(data_type).itemsize:
        raise DamagedFileError(
            f"{path.name} must hold all of {name!r}, of shape {shape}; it has "
            f"{len(content)} bytes."
        )
    return np.frombuffer(content, np.dtype(data_type)).reshape(shape)


def verify_trial(path: Path, trial_id: str) -> None:
    """Read every byte of a trial file and check that it is the trial it is named for.

    Raises
    ------
    SchemaError
        Naming what is wrong.
    """
    check_seal(path)
    attributes = read_trial_attributes(path)
    found = attributes["record"].get("trial_id")
    if found != trial_id:
        raise DamagedFileError(
            f"{path.name} must hold trial {trial_id}; it holds {found}."
        )
    if shape := attributes["grid"]["shape"]:
        _check_flux(path, shape)


def _check_flux(path: Path, shape: Sequence[int]) -> None:
    flux = read_arrays(path, ["flux"])["flux"]
    if flux.shape != tuple(shape):
        raise DamagedFileError(
            f"{path.name} must hold a cube of shape {tuple(shape)}, as its attributes "
            f"say; got {flux.shape}."
        )
