"""One fusion input on disk: the documented Zarr layout, lossless both ways.

A fusion input is one Zarr group (a folder, by custom ``NAME.zarr``)::

    NAME.zarr                     attrs: schema = "hifred-fusion-input",
                                  schema_version = 1, instruments (their order),
                                  hifred_version, provenance (source, seed, ...)
      observations/INSTRUMENT     one group per instrument; attrs: schema =
                                  "hifred-observation", schema_version = 1, instrument,
                                  role, pixel_size_arcsec, sky_pixel_size_arcsec, wcs
        counts                    (channel, y, x)            count, whole numbers
        background, mask, expected_counts                    (channel, y, x), optional
        effective_area            (energy)                   cm2
        exposure_time             ()                         s
        vignetting                ([energy,] y_sky, x_sky)   0 to 1, optional
        psf                       ([psf_energy,] psf_y, psf_x)   unit sum, optional
        line_spread               (energy_offset)            unit sum, optional
        redistribution            (channel, energy)          instead of line_spread
        redistribution_data, _indices, _indptr               the same, compressed rows
        spatial_data, _indices, _indptr    (y * x, y_sky * x_sky) instead of psf
        channel, channel_edges, energy, energy_edges, y, x [, y_sky, x_sky, psf_energy]
      truth                       optional, of a simulated sky
        flux                      (energy, y, x)             photon cm-2 s-1 per bin
        energy, energy_edges, y, x

Every array has ``units`` and ``long_name``. A group opens with plain
``xarray.open_zarr("NAME.zarr", group="observations/INSTRUMENT")``.
"""

import hashlib
import json
import os
import re
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
import zarr
import zarr.errors

from hifred import __version__
from hifred.errors import SchemaError
from hifred.observations import FusionInput, check_observation
from hifred.store.durable import replace_folder

SCHEMA = "hifred-fusion-input"
SCHEMA_VERSION = 1
ORDER = "instruments"
RESERVED = ("schema", "schema_version", "hifred_version", ORDER)


def save_fusion_input(path: str | os.PathLike[str], fusion_input: FusionInput) -> Path:
    """Write a fusion input as one Zarr group, whole or not at all.

    Parameters
    ----------
    path : path
        A new or empty folder, or an earlier fusion input, which is replaced.
    fusion_input : FusionInput

    Returns
    -------
    Path
        The folder written.

    Raises
    ------
    SchemaError
        If an observation is not valid, or the folder holds anything else.
    """
    path = Path(path)
    for name, observation in fusion_input.observations.items():
        _check_name(name)
        check_observation(observation)
    _check_replaceable(path)
    with replace_folder(path) as scratch:
        _write(scratch, fusion_input)
    return path


def open_fusion_input(path: str | os.PathLike[str]) -> FusionInput:
    """Read a fusion input into memory.

    Raises
    ------
    SchemaError
        If `path` is not a fusion input of this schema version, or an observation in
        it is not valid.
    """
    attrs: dict[str, Any] = dict(_open_root(Path(path)).attrs)
    groups = _load_groups(Path(path))
    observations = {name: groups[f"observations/{name}"] for name in attrs[ORDER]}
    for observation in observations.values():
        check_observation(observation)
    for name in RESERVED:
        attrs.pop(name, None)
    return FusionInput(observations, groups.get("truth"), attrs)


def instrument_roles(path: str | os.PathLike[str]) -> list[str]:
    """Return the roles of the instruments of a stored input; no array is read.

    Raises
    ------
    SchemaError
        If `path` is not a fusion input of this schema version.
    """
    root = _open_root(Path(path))
    names: list[str] = list(root.attrs[ORDER])  # type: ignore[arg-type]
    return [str(root[f"observations/{name}"].attrs["role"]) for name in names]


def _load_groups(path: Path) -> dict[str, xr.Dataset]:
    # Not as a tree, whose nodes hold each other, and with them all arrays, for long.
    opened = xr.open_groups(path, engine="zarr", consolidated=False, chunks=None)
    groups = {
        name.lstrip("/"): dataset.load()
        for name, dataset in opened.items()
        if dataset.variables
    }
    for dataset in groups.values():
        dataset.close()
        # How it was stored is no part of what it is: a copy may be stored otherwise.
        dataset.encoding = {}
        for variable in dataset.variables.values():
            variable.encoding = {}
    return groups


def input_digest(path: str | os.PathLike[str]) -> str:
    """Return the digest of a stored fusion input's content; see `content_digest`."""
    return content_digest(open_fusion_input(path))


def content_digest(fusion_input: FusionInput) -> str:
    """Return the sha256 of all arrays, their names, dims, units and attributes.

    It does not change with the path, the chunks, the compression, the order of the
    variables or the provenance attributes of the whole input.
    """
    digest = hashlib.sha256()
    for name, dataset in sorted(_groups(fusion_input)):
        digest.update(_canonical([name, dataset.attrs]))
        for key in sorted(map(str, dataset.variables)):
            digest.update(_variable_bytes(key, dataset[key].variable))
    return digest.hexdigest()


def observations_digest(observations: Mapping[str, xr.Dataset]) -> str:
    """Return the digest of what is fused: `content_digest` without a known truth."""
    return content_digest(FusionInput(observations, None, {}))


def _groups(fusion_input: FusionInput) -> Iterator[tuple[str, xr.Dataset]]:
    for instrument, observation in fusion_input.observations.items():
        yield f"observations/{instrument}", observation
    if fusion_input.truth is not None:
        yield "truth", fusion_input.truth


def _variable_bytes(name: str, variable: xr.Variable) -> bytes:
    values = np.ascontiguousarray(variable.values)
    if values.dtype.kind in "iufc":
        values = values.astype(values.dtype.newbyteorder("<"))
    about = [name, variable.dims, values.dtype.str, values.shape, variable.attrs]
    return _canonical(about) + values.tobytes()


def _canonical(value: Any) -> bytes:
    return json.dumps(_plain(value), sort_keys=True).encode()


def _plain(value: Any) -> Any:
    """Return attributes as JSON holds them: no numpy scalars, no tuples."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, dict):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return value


def _write(folder: Path, fusion_input: FusionInput) -> None:
    attrs = {
        **_plain(dict(fusion_input.attrs)),
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "hifred_version": __version__,
        ORDER: list(fusion_input.observations),
    }
    zarr.open_group(folder, mode="w-", attributes=attrs, zarr_format=3)
    for name, dataset in _groups(fusion_input):
        plain = dataset.assign_attrs(_plain(dataset.attrs))
        plain.to_zarr(folder, group=name, mode="a", consolidated=False)
    _consolidate(folder)


def _consolidate(folder: Path) -> None:
    """Let xarray open any group at once; it warns of a slow opening otherwise."""
    with warnings.catch_warnings():
        # Zarr 3 warns that other readers may ignore the consolidated copy: they may.
        warnings.simplefilter("ignore", UserWarning)
        zarr.consolidate_metadata(str(folder))


def _check_name(name: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.+-]*", name):
        raise SchemaError(
            f"an instrument's name must be made of letters, digits and _.+-, to name a "
            f"group; got {name!r}."
        )


def _check_replaceable(path: Path) -> None:
    if not path.exists() or (path.is_dir() and not any(path.iterdir())):
        return
    try:
        _open_root(path)
    except SchemaError as error:
        raise SchemaError(
            f"output must be a new or empty folder, or an earlier fusion input; "
            f"got {path}, which holds something else. Choose another name."
        ) from error


def _open_root(path: Path) -> zarr.Group:
    if not path.is_dir():
        why = "is a file" if path.exists() else "is not there"
        raise SchemaError(f"a fusion input must be a Zarr folder; {path} {why}.")
    try:
        root = zarr.open_group(path, mode="r")
    except (zarr.errors.GroupNotFoundError, FileNotFoundError, ValueError) as error:
        raise SchemaError(
            f"a fusion input must be a Zarr group; {path} is none. "
            "Make one with `hifred simulate` or `hifred prepare`."
        ) from error
    found = (root.attrs.get("schema"), root.attrs.get("schema_version"))
    if found != (SCHEMA, SCHEMA_VERSION):
        raise SchemaError(
            f"a fusion input must have schema {SCHEMA!r} version {SCHEMA_VERSION}; "
            f"{path} has {found[0]!r} version {found[1]!r}."
        )
    return root
