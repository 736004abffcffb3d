"""Line maps as Zarr, FITS with WCS and tables."""

import os
from collections.abc import Iterator
from pathlib import Path

import xarray as xr

from hifred import dims
from hifred.errors import SchemaError
from hifred.observations.formats.file_names import file_names, keyword_text
from hifred.observations.formats.fits_cubes import write_sky_maps
from hifred.observations.geometry.pixel_grid import PixelGrid
from hifred.products.line_table import line_table, region_table
from hifred.products.maps import LINE, shown
from hifred.store.durable import replace_folder, replace_text
from hifred.store.stored_schema import stored_schema

SCHEMA = "hifred-line-maps"
SCHEMA_VERSION = 1
BANDS = "bands"


def save_line_maps(
    folder: str | os.PathLike[str], maps: xr.Dataset, grid: PixelGrid
) -> list[Path]:
    """Write line and band maps; return the files.

    Parameters
    ----------
    folder : path
        Made if need be: ``lines.zarr``, ``lines.csv``, ``LINE.fits`` with an extension
        for each quantity, and ``bands.fits``. Existing files are replaced.
    maps : Dataset
        As `hifred.products.measure_lines` returns it.
    grid : PixelGrid
        Of the cube.

    Raises
    ------
    SchemaError
        If the folder cannot be written.

    Notes
    -----
    In the FITS files velocities and widths are NaN where the line is too faint or was
    not fitted; the Zarr store and the table hold all values, beside their status.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        written = [_write_zarr(folder / "lines.zarr", maps)]
        if LINE in maps.dims:
            replace_text(folder / "lines.csv", line_table(maps).to_csv(index=False))
            written.append(folder / "lines.csv")
        return [*written, *_write_fits(folder, maps, grid)]
    except OSError as error:
        raise SchemaError(
            f"output folder must be writable; got {folder} ({error.strerror or error})."
        ) from error


def write_region_table(path: Path, lines: xr.Dataset) -> Path:
    """Write the table of `hifred.products.region_lines`; return its path."""
    replace_text(path, region_table(lines).to_csv(index=False))
    return path


def open_line_maps(path: str | os.PathLike[str]) -> xr.Dataset:
    """Open line maps, from their folder or their Zarr store.

    Raises
    ------
    SchemaError
        If there are none.
    """
    path = Path(path)
    inner = path / "lines.zarr"
    store = inner if inner.is_dir() else path
    if stored_schema(store) != SCHEMA:
        raise SchemaError(
            f"path must be line maps that `hifred lines` wrote; got {path}."
        )
    return xr.open_zarr(store, consolidated=False, chunks=None)


def _write_zarr(path: Path, maps: xr.Dataset) -> Path:
    labelled = maps.assign_attrs(schema=SCHEMA, schema_version=SCHEMA_VERSION)
    # Text of fixed length has no place in the Zarr 3 specification.
    for name in (LINE, "source"):
        if name in labelled.coords:
            labelled[name] = labelled[name].astype(object)
    with replace_folder(path) as part:
        labelled.to_zarr(part, mode="w", zarr_format=3, consolidated=False)
    return path


def _write_fits(folder: Path, maps: xr.Dataset, grid: PixelGrid) -> Iterator[Path]:
    bands = [name for name, values in maps.data_vars.items() if LINE not in values.dims]
    if bands:
        images = {str(n): (maps[n].to_numpy(), maps[n].attrs["units"]) for n in bands}
        write_sky_maps(folder / f"{BANDS}.fits", grid, images, {})
        yield folder / f"{BANDS}.fits"
    for name, stem in line_stems(maps).items():
        line = maps.sel({LINE: name})
        images = {
            str(n): (shown(line, str(n)).to_numpy(), line[n].attrs["units"])
            for n in line.data_vars
            if n not in bands
        }
        write_sky_maps(folder / f"{stem}.fits", grid, images, _keywords(line))
        yield folder / f"{stem}.fits"


def line_stems(maps: xr.Dataset) -> dict[str, str]:
    """Return the stem of the files of each line, none of them that of other files."""
    names = [str(name) for name in maps[LINE].to_numpy()] if LINE in maps.dims else []
    # The dot is no part of the stem: a line called bands is numbered.
    stems = file_names([f"{BANDS}.", *names])
    return {name: stems[name] for name in names}


def _keywords(line: xr.Dataset) -> dict[str, object]:
    return {
        "LINE": keyword_text(str(line[LINE].item())),
        "E_REST": (float(line["rest_energy"]), dims.ENERGY_UNIT),
        "E_ZERO": (float(line["zero_energy"]), "keV, at velocity 0"),
        "REDSHIFT": float(line.attrs["redshift"]),
        "VELDEF": str(line.attrs["velocity_convention"]),
        "RESOLUTN": (float(line["resolution"]), "km/s, FWHM of the cube"),
        "RESREMOV": bool(line.attrs["resolution_removed"]),
    }
