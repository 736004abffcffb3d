"""Whatever this project writes, for other programs: a sweep, a fusion, an input."""

from pathlib import Path

from hifred.errors import HifredError, SettingsError
from hifred.store import fusion_input as stored_input
from hifred.store import fusion_result
from hifred.store.export import export_results
from hifred.store.fits_export import export_fits
from hifred.store.fused import open_fused
from hifred.store.fusion_input import open_fusion_input
from hifred.store.input_export import export_input
from hifred.store.results import open_results
from hifred.store.stored_schema import stored_schema
from hifred.store.trial_file import SUFFIX


def export_any(
    path: Path,
    kind: str,
    output: Path | None = None,
    fusion_input: Path | None = None,
    *,
    trial: str | None = None,
    draws: Path | None = None,
) -> list[Path]:
    """Write a sweep's results, one fusion or one input; return the files written.

    Parameters
    ----------
    path : Path
        A sweep directory, a result of `hifred.store.fusion_result.save_result`, a
        trial's file, or a fusion input.
    kind : str
        ``csv``, ``parquet`` or ``fits``; the last alone for anything but a sweep.
    output : Path, optional
        File, or folder for FITS; by default beside the sweep's results, or a folder
        named after `path`.
    fusion_input : Path, optional
        What was fused: gives one fusion its place on the sky and its responses. A sweep
        knows its own.
    trial : str, optional
        One trial of a sweep, as FITS, instead of its results.
    draws : Path, optional
        Of `hifred sample`, of one fusion or trial: gives the errors. By default those
        that lie at their place.

    Raises
    ------
    HifredError
        If `path` is none of these, or cannot be written as `kind`.
    """
    schema = stored_schema(path)
    is_one = schema == fusion_result.SCHEMA or path.name.endswith(SUFFIX) or trial
    if draws is not None and not is_one:
        raise SettingsError(
            f"draws must be of one fusion; {path} is none. Name a trial with --trial."
        )
    if not is_one and schema != stored_input.SCHEMA:
        return export_results(open_results(path), kind, output)
    if kind != "fits":
        raise SettingsError(
            f"one fusion or one input must be exported as fits; got {kind!r}. Tables "
            "are made of a sweep."
        )
    try:
        if not is_one:
            folder = output or _folder_of(path, None)
            return export_input(open_fusion_input(path), folder)
        fused = open_fused(path, trial, fusion_input)
        folder = output or _folder_of(path, trial and fused.name)
        return export_fits(
            fused.result,
            folder,
            fusion_input=fused.fusion_input,
            draws=fused.drawn_cubes(draws),
        )
    except OSError as error:
        raise HifredError(
            f"output must be writable; {output or path}: {error.strerror or error}."
        ) from error


def _folder_of(path: Path, trial: str | None) -> Path:
    name = path.name.removesuffix(SUFFIX).removesuffix(".zarr")
    return path.with_name(f"{name}{f'-{trial}' if trial else ''}-fits")
