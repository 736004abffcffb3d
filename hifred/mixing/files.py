"""Mixing as files: tables, cross-ARFs, spectra, scripts of the joint fit."""

from os import PathLike
from pathlib import Path

import numpy as np

from hifred.errors import HifredError
from hifred.mixing.detector_files import (
    BACKGROUND_FACTOR,
    PairFiles,
    pair_files,
    write_detector_files,
)
from hifred.mixing.fit_scripts import sherpa_script, xcm_script
from hifred.mixing.mixing import Mixing
from hifred.observations.formats.fits_cubes import write_sky_image
from hifred.observations.formats.fits_images import SkyImage
from hifred.observations.sky_place import instrument_pixels
from hifred.regions import write_regions
from hifred.store.durable import replace_folder

NOTE = """\
Mixing between regions, as {instrument} sees them
================================================

shares.csv    share of each region's light that lands in each group of pixels; lost, in
              none; weighed with the region's spectrum over the band.
origins.csv   share of each group's expected counts that comes from each region.
NAME_error.csv   with draws, the standard deviation over them of each number of either.
mixing.zarr   the same at every energy: share (region, group, energy).
groups.fits   number of the group of each pixel, from 0; -1 for none.
NAME.pha      counts of a group of pixels: recorded events, Poisson.
NAME_bkg.pha  expected background, as if measured {factor} times longer.
FROM_in_NAME.arf   effective area for light of region FROM that lands in group NAME.
response.rmf  redistribution of the instrument.
fit.xcm, fit_sherpa.py   the joint fit.

The model of a region is the spectrum of all its light, wherever it lands. "elsewhere"
is the sky in no region: it needs a model as well, or its light is taken for that of
others.

What is true of it
------------------
How a region's light is spread was taken from the fused cube, the fit has no errors for
that. Channels within 3 standard deviations of the line spread from the ends of the band
have QUALITY 2: light from beyond the band lands in them.
"""


def write_mixing(folder: str | PathLike[str], mixed: Mixing) -> list[Path]:
    """Write tables of a mixing, and all that a joint fit of the groups needs.

    Parameters
    ----------
    folder : path
        Where to write; existing files are replaced. ``README.txt`` says what is what.
    mixed : Mixing
        From `hifred.mixing.mixing`.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    HifredError
        If a file cannot be written.
    """
    folder = Path(folder)
    regions = [str(name) for name in mixed.data["region"].values]
    groups = list(mixed.groups.names)
    files = pair_files(regions, groups)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return [
            *write_detector_files(folder, mixed, files),
            *_write_tables(folder, mixed),
            *_write_scripts(folder, regions, groups, files),
            *_write_places(folder, mixed),
        ]
    except OSError as error:
        raise HifredError(
            f"output must be writable; {folder}: {error.strerror or error}."
        ) from error


def _write_tables(folder: Path, mixed: Mixing) -> list[Path]:
    written = [folder / "shares.csv", folder / "origins.csv", folder / "mixing.zarr"]
    mixed.shares.to_csv(written[0])
    mixed.origins.to_csv(written[1])
    errors = {"shares": mixed.share_errors, "origins": mixed.origin_errors}
    for name, table in errors.items():
        if table is not None:
            written.append(folder / f"{name}_error.csv")
            table.to_csv(written[-1])
    with replace_folder(written[2]) as scratch:
        mixed.data.to_zarr(scratch, mode="w", zarr_format=3, consolidated=False)
    return written


def _write_places(folder: Path, mixed: Mixing) -> list[Path]:
    written = [folder / "groups.fits", folder / "README.txt"]
    labels = mixed.groups.labels.astype(np.int16)
    place = instrument_pixels(mixed.view.observation)
    write_sky_image(written[0], SkyImage(labels, place))
    note = NOTE.format(instrument=mixed.view.name, factor=round(BACKGROUND_FACTOR))
    written[1].write_text(note, encoding="utf-8")
    drawn = [region for region in mixed.regions if region.shapes]
    if drawn:
        written.append(write_regions(folder / "regions.reg", drawn))
    return written


def _write_scripts(
    folder: Path, regions: list[str], groups: list[str], files: PairFiles
) -> list[Path]:
    texts = {
        "fit.xcm": xcm_script(regions, groups, files),
        "fit_sherpa.py": sherpa_script(regions, groups, files),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in texts]
