"""Whatever this project writes, for other programs: a sweep, a fusion, an input."""

from pathlib import Path

import numpy as np
import xarray as xr

from hifred import dims
from hifred.errors import HifredError, SettingsError
from hifred.observations import FusionInput, mask_of
from hifred.observations.formats.fits_cubes import write_sky_image
from hifred.observations.formats.fits_images import SkyImage
from hifred.observations.sky_place import instrument_pixels
from hifred.store import fusion_input as stored_input
from hifred.store import fusion_result
from hifred.store.export import export_results
from hifred.store.fits_export import export_fits
from hifred.store.fusion_input import open_fusion_input
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


def export_input(fusion_input: FusionInput, folder: Path) -> list[Path]:
    """Write the counts cube and the mask of every instrument, at its place on the sky.

    Parameters
    ----------
    fusion_input : FusionInput
    folder : Path
        Where to write ``NAME.fits`` and ``NAME_mask.fits``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, observation in fusion_input.observations.items():
        grid, edges = (
            instrument_pixels(observation),
            observation["channel_edges"].values,
        )
        header = {"EXPOSURE": float(observation["exposure_time"]), "INSTRUME": name}
        cubes = {
            f"{name}.fits": (observation["counts"].values, dims.COUNT),
            f"{name}_mask.fits": (mask_of(observation).astype(np.uint8), ""),
        }
        for file, (values, unit) in cubes.items():
            write_sky_image(folder / file, SkyImage(values, grid, unit, edges, header))
            written.append(folder / file)
    return written
