"""The result of one fusion as a Zarr group of its own."""

import os
from pathlib import Path

import xarray as xr

from hifred.errors import SchemaError
from hifred.store.durable import replace_folder
from hifred.store.stored_schema import stored_schema

SCHEMA = "hifred-fusion-result"
SCHEMA_VERSION = 1


def save_result(path: str | os.PathLike[str], result: xr.Dataset) -> Path:
    """Write the result of a fusion, whole or not at all.

    Parameters
    ----------
    path : path
        A new or empty folder, or an earlier result, which is replaced.
    result : Dataset
        As `hifred.fusion.fuse` returns.

    Raises
    ------
    SchemaError
        If the folder holds anything else, or cannot be written.
    """
    path = Path(path)
    check_result_target(path)
    labelled = result.assign_attrs(schema=SCHEMA, schema_version=SCHEMA_VERSION)
    # Text of fixed length has no place in the Zarr 3 specification.
    labelled["term"] = labelled["term"].astype(object)
    with replace_folder(path) as scratch:
        labelled.to_zarr(scratch, mode="w", zarr_format=3, consolidated=False)
    return path


def check_result_target(path: Path) -> None:
    """Raise `SchemaError` if `path` holds something that is not ours to replace."""
    if path.is_dir() and not any(path.iterdir()):
        return
    if path.exists() and stored_schema(path) != SCHEMA:
        raise SchemaError(
            "output must be a new or empty folder, or an earlier fusion result; got "
            f"{path}. Choose another name."
        )
