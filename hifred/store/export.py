"""Collected results for other programs: CSV, Parquet, FITS."""

import importlib.util
from collections.abc import Callable
from pathlib import Path

import numpy as np
import xarray as xr
from astropy.io import fits

from hifred.errors import HifredError, unknown_name
from hifred.store.durable import place_of_ours
from hifred.store.fits_export import export_fits
from hifred.store.fusion_input import open_fusion_input
from hifred.store.posterior_draws import draws_at_hand, trial_draws_path
from hifred.store.results import Results
from hifred.store.trial_file import input_path

FORMATS = ("csv", "parquet", "fits")
# What a trial must hold to be placed on the sky and turned into a spectrum.
NEEDED = {"flux", "reference_exposure", "energy_edges", "y", "x"}


def export_results(
    results: Results, kind: str, output: str | Path | None = None
) -> list[Path]:
    """Write `results` as one table, or one folder of FITS files per collected cube.

    Parameters
    ----------
    kind : str
        ``csv``, ``parquet`` (needs pyarrow), or ``fits``.
    output : path or None
        The file, or the folder for FITS; default beside the results.

    Returns
    -------
    list of paths
        What was written.

    Raises
    ------
    HifredError
        If it cannot be written, or there are no cubes to write.
    """
    if kind not in _WRITERS:
        raise unknown_name("format", kind, FORMATS)
    default = results.root / ("fits" if kind == "fits" else f"results.{kind}")
    try:
        path = place_of_ours(default) if output is None else Path(output)
        return _WRITERS[kind](results, path)
    except OSError as error:
        raise HifredError(
            f"output must be writable; {output or default}: {error.strerror or error}."
        ) from error


def _write_csv(results: Results, path: Path) -> list[Path]:
    table = results.table()
    texts = table.select_dtypes(include=["object", "string", "category"]).columns
    table[texts] = table[texts].map(_as_cell)
    table.to_csv(path)
    return [path]


def _as_cell(value: object) -> object:
    """Return a text that no spreadsheet takes for a formula."""
    if not isinstance(value, str):
        return value
    return f"'{value}" if value.lstrip().startswith(("=", "+", "-", "@")) else value


def _write_parquet(results: Results, path: Path) -> list[Path]:
    if importlib.util.find_spec("pyarrow") is None:
        raise HifredError("parquet must have pyarrow; run `pip install pyarrow`.")
    results.table().to_parquet(path)
    return [path]


def _write_fits(results: Results, folder: Path) -> list[Path]:
    written = []
    for group in results.cube_groups:
        cubes = results.cubes(group)
        for i_trial in range(cubes.sizes["trial"]):
            cube = cubes.isel(trial=i_trial)
            folder.mkdir(parents=True, exist_ok=True)
            written += _write_trial(results, folder, group, cube)
    if not written:
        raise HifredError(
            "results must hold cubes to be exported as FITS; they hold none. "
            "Collect them: hifred collect DIR --cubes top=20."
        )
    return written


def _write_trial(
    results: Results, folder: Path, group: str, cube: xr.Dataset
) -> list[Path]:
    """Write one trial: cube, image and spectrum, or only the cube of a bare trial.

    With draws of it in the sweep's directory, all have errors.
    """
    name = str(cube["trial"].item())
    trial = results.trial(name)
    result = trial.open()
    if not NEEDED.issubset(result.variables):
        path = folder / f"{group}-{name}.fits"
        _fits_of(cube).writeto(path, overwrite=True)
        return [path]
    source = input_path(results.root, str(trial.values.get("model")))
    fusion_input = open_fusion_input(source) if source.exists() else None
    header = fits.Header({"TRIAL": name})
    for setting in results.setting_names:
        _card(header, setting, trial.values[setting])
    draws = draws_at_hand(result, trial_draws_path(results.root, name))
    return export_fits(
        result, folder / name, fusion_input=fusion_input, draws=draws, header=header
    )


def _fits_of(cube: xr.Dataset) -> fits.HDUList:
    flux = cube["flux"]
    primary = fits.PrimaryHDU(np.asarray(flux.values))
    primary.header["BUNIT"] = str(flux.attrs.get("units", ""))
    for name, coordinate in cube.coords.items():
        if coordinate.ndim == 0 and str(name) != "trial":
            _card(primary.header, str(name), coordinate.item())
    primary.header["TRIAL"] = str(cube["trial"].item())
    axes = [_axis(primary.header, number, flux, dim)
            for number, dim in zip((3, 2, 1), flux.dims, strict=True)]  # fmt: skip
    return fits.HDUList([primary, *(axis for axis in axes if axis is not None)])


def _card(header: fits.Header, name: str, value: object) -> None:
    plain = value if isinstance(value, int | float | bool) else str(value)
    if plain == plain:  # a NaN setting is one that the trial does not read
        header[f"HIERARCH {name}"] = plain


def _axis(
    header: fits.Header, number: int, flux: xr.DataArray, dim: object
) -> fits.BinTableHDU | None:
    if dim not in flux.coords:
        return None
    coordinate = flux[dim]
    values = np.asarray(coordinate.values, dtype=float)
    unit = str(coordinate.attrs.get("units", ""))
    header[f"CTYPE{number}"], header[f"CUNIT{number}"] = str(dim).upper(), unit
    header[f"CRPIX{number}"], header[f"CRVAL{number}"] = 1.0, float(values[0])
    if len(values) > 1:
        header[f"CDELT{number}"] = float(values[1] - values[0])
    column = fits.Column(name=str(dim), format="D", unit=unit, array=values)
    return fits.BinTableHDU.from_columns([column], name=f"{dim}_values")


_WRITERS: dict[str, Callable[[Results, Path], list[Path]]] = {
    "csv": _write_csv,
    "parquet": _write_parquet,
    "fits": _write_fits,
}
