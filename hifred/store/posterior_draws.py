"""Draws of a cube of low rank as a Zarr group: images of coefficients beside spectra.

::

    NAME.zarr               attrs: schema = "hifred-posterior-draws",
                            schema_version = 1, provenance
      spectral_basis        (component, energy)
      coefficients          (component, y, x)         of the fit
      drawn_coefficients    (component, y, x, draw)   float32
      reference_exposure    (energy)                  divides the cubes
      energy, energy_edges, y, x

The cube of a draw is ``spectral_basis`` times its images over ``reference_exposure``:
a hundred draws take a fiftieth of a hundred cubes.
"""

import json
import os
import warnings
from pathlib import Path

import numpy as np
import xarray as xr

from hifred.errors import HifredError, SchemaError
from hifred.posterior import Draws
from hifred.products.draws import check_same_cube
from hifred.store.durable import replace_folder
from hifred.store.provenance import machine_facts
from hifred.store.whole_zarr import save_zarr

SCHEMA = "hifred-posterior-draws"
SCHEMA_VERSION = 1


def save_draws(path: str | os.PathLike[str], draws: Draws) -> Path:
    """Write draws as one Zarr group, whole or not at all.

    Parameters
    ----------
    path : path
        A new or empty folder, or earlier draws, which are replaced.
    draws : Draws

    Raises
    ------
    SchemaError
        If the folder holds anything else, or cannot be written.
    """
    path = Path(path)
    check_draws_target(path)
    data = draws.data.assign_attrs(
        schema=SCHEMA,
        schema_version=SCHEMA_VERSION,
        provenance=json.dumps(machine_facts()),
    )
    single = data["drawn_coefficients"].astype(np.float32)
    data = data.assign(drawn_coefficients=single).drop_encoding()
    with replace_folder(path) as part:
        save_zarr(data, part)
    return path


def read_draws(path: str | os.PathLike[str]) -> Draws:
    """Read draws that `hifred sample` or `save_draws` wrote, into memory.

    Raises
    ------
    SchemaError
        If `path` holds anything else, or a later version of it.
    """
    return Draws(_opened(path).load())


def fusion_draws_path(path: Path) -> Path:
    """Return where the draws of one fusion lie unless the user says: beside it."""
    return path.with_name(f"{path.stem}-draws.zarr")


def trial_draws_path(root: Path, trial_id: str) -> Path:
    """Return where the draws of a trial of a sweep lie unless the user says."""
    return root / "draws" / f"{trial_id}.zarr"


def draws_at_hand(
    result: xr.Dataset, path: Path, given: Path | None = None
) -> Draws | None:
    """Return the draws of a fusion: those that were given, else those of its place.

    Parameters
    ----------
    result : Dataset
        The fusion.
    path : Path
        From `fusion_draws_path` or `trial_draws_path`.
    given : Path, optional
        Other draws.

    Returns
    -------
    Draws or None
        None where none were given and none are there.

    Raises
    ------
    HifredError
        If they are of another fusion; the error names them.
    """
    chosen = given or path
    if given is None and not path.exists():
        return None
    draws = read_draws(chosen)
    try:
        check_same_cube(result, draws)
    except HifredError as error:
        raise HifredError(f"{chosen}: {error}") from error
    return draws


def _opened(path: str | os.PathLike[str]) -> xr.Dataset:
    try:
        with warnings.catch_warnings():
            # Of a store of another kind: the error below tells more.
            warnings.simplefilter("ignore", RuntimeWarning)
            data = xr.open_zarr(path, chunks=None)
    except (OSError, ValueError, KeyError) as error:
        raise SchemaError(
            f"path must be draws that `hifred sample` wrote; got {path} ({error})."
        ) from error
    found = data.attrs.get("schema"), data.attrs.get("schema_version")
    if found != (SCHEMA, SCHEMA_VERSION):
        raise SchemaError(
            f"path must have schema {SCHEMA!r}, version {SCHEMA_VERSION}; got "
            f"{found[0]!r}, version {found[1]!r}, at {path}. Draw with `hifred sample`."
        )
    return data


def check_draws_target(path: Path) -> None:
    """Raise `SchemaError` if `path` holds something that is not ours to replace."""
    try:
        if not path.exists() or (path.is_dir() and not any(path.iterdir())):
            return
        _opened(path)
    except (SchemaError, PermissionError) as error:
        raise SchemaError(
            f"output must be a new or empty folder, or earlier draws; got {path}. "
            "Choose another name."
        ) from error
