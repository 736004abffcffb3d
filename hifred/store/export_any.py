"""Whatever this project writes, for other programs: a sweep, a fusion, an input."""

from pathlib import Path

import xarray as xr

from hifred.errors import HifredError, SettingsError
from hifred.store import fusion_input as stored_input
from hifred.store import fusion_result
from hifred.store.export import export_results
from hifred.store.fits_export import export_fits
from hifred.store.fusion_input import open_fusion_input
from hifred.store.input_export import export_input
from hifred.store.results import open_results
from hifred.store.stored_schema import stored_schema


def export_any(
    path: Path,
    kind: str,
    output: Path | None = None,
    fusion_input: Path | None = None,
) -> list[Path]:
    """Write a sweep's results, one fusion or one input; return the files written.

    Parameters
    ----------
    path : Path
        A sweep directory, a result of `hifred.store.fusion_result.save_result`, or a
        fusion input.
    kind : str
        ``csv``, ``parquet`` or ``fits``; the last alone for one fusion or one input.
    output : Path, optional
        File, or folder for FITS; by default beside the sweep's results, or a folder
        named after `path`.
    fusion_input : Path, optional
        What was fused: gives one fusion its place on the sky and its responses.

    Raises
    ------
    HifredError
        If `path` is none of these, or cannot be written as `kind`.
    """
    schema = stored_schema(path)
    if schema not in (fusion_result.SCHEMA, stored_input.SCHEMA):
        return export_results(open_results(path), kind, output)
    if kind != "fits":
        raise SettingsError(
            f"one fusion or one input must be exported as fits; got {kind!r}. Tables "
            "are made of a sweep."
        )
    folder = output or path.with_name(f"{path.stem}-fits")
    try:
        if schema == stored_input.SCHEMA:
            return export_input(open_fusion_input(path), folder)
        found = None if fusion_input is None else open_fusion_input(fusion_input)
        return export_fits(xr.open_zarr(path, consolidated=False), folder,
                           fusion_input=found)  # fmt: skip
    except OSError as error:
        raise HifredError(
            f"output must be writable; {folder}: {error.strerror or error}."
        ) from error
