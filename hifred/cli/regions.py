"""What regions of a fused cube say: spectra, and how they mix on a spectrometer."""

from pathlib import Path

import click
import numpy as np
import xarray as xr

from hifred.cli.arguments import AS_JSON, DRAWS, INPUT, PATH, TRIAL, UNCORRECTED
from hifred.cli.output import print_rows
from hifred.cli.plain_speech import say
from hifred.errors import HifredError
from hifred.mixing import (
    Mixing,
    light_from_elsewhere,
    write_elsewhere,
    write_mixing,
)
from hifred.mixing import mixing as mix_regions
from hifred.plots import plot_elsewhere, plot_pixel_shares, plot_shares
from hifred.plots.style import save_figure
from hifred.regions import fused_field, read_regions
from hifred.spectra import write_spectra
from hifred.store import open_fusion_input
from hifred.store.fused import open_fused

# More groups than this are a table for a file.
MOST_COLUMNS = 10
SPECTRA_EPILOG = """\b
Example: hifred spectra fused.zarr --regions knots.reg --input toy.zarr -o knots
Example: hifred spectra first-look --regions knots.reg --trial 3f2a
"""


@click.command(epilog=SPECTRA_EPILOG)
@click.argument("result", type=PATH)
@click.option(
    "--regions",
    "region_file",
    type=PATH,
    required=True,
    help="DS9 region file, or a FITS mask.",
)
@click.option("-o", "--output", type=PATH, help="Folder; by default RESULT-spectra.")
@TRIAL
@INPUT
@DRAWS
@UNCORRECTED
@click.option("--each-draw", is_flag=True, help="Write the spectrum of each draw, too.")
@AS_JSON
def spectra(
    result: Path,
    *,
    region_file: Path,
    output: Path | None,
    trial: str | None,
    fusion_input: Path | None,
    draws_file: Path | None,
    is_corrected: bool,
    each_draw: bool,
    as_json: bool,
) -> None:
    """Write spectra of regions of a fused cube, with responses, for XSPEC and sherpa.

    RESULT is what `hifred fuse` wrote, a trial's file, or a sweep directory.
    """
    fused = open_fused(result, trial, fusion_input)
    found = read_regions(region_file, fused_field(fused.result, fused.fusion_input))
    folder = output or Path(f"{result.name.split('.')[0]}-spectra")
    written = write_spectra(
        folder,
        fused.result,
        found,
        fusion_input=fused.fusion_input,
        draws=fused.drawn_cubes(draws_file),
        has_each_draw=each_draw,
        is_corrected=is_corrected,
    )
    rows = written.table.reset_index().to_dict("records")
    print_rows([{str(k): v for k, v in row.items()} for row in rows], as_json=as_json)
    if not as_json:
        say(f"{len(written.files)} files in {folder}; see {folder / 'README.txt'}")


MIXING_EPILOG = """\b
Example: hifred mixing toy.zarr -o pointing
Example: hifred mixing toy.zarr fused.zarr --regions knots.reg -o joint-fit
"""


@click.command(epilog=MIXING_EPILOG)
@click.argument("fusion_input", metavar="INPUT", type=PATH)
@click.argument("result", type=PATH, required=False)
@click.option("--regions", "region_file", type=PATH, help="DS9 file, or a FITS mask.")
@click.option("-o", "--output", type=PATH, help="Folder; by default INPUT-mixing.")
@TRIAL
@DRAWS
@click.option("--instrument", help="By default the spectrometer.")
@click.option("--imager", help="Whose image is the sky; by default the imager.")
@click.option("--pixels", is_flag=True, help="Single pixels, not groups by region.")
@click.option(
    "--bands",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Take the spread of a region's light from so many bands of energy.",
)
def mixing(
    fusion_input: Path,
    result: Path | None,
    *,
    region_file: Path | None,
    output: Path | None,
    trial: str | None,
    draws_file: Path | None,
    instrument: str | None,
    imager: str | None,
    pixels: bool,
    bands: int,
) -> None:
    """Tell whose light lands where on a spectrometer, and write a joint fit.

    With INPUT alone, a map of how much of each pixel's light comes from elsewhere,
    with the imager's image as the sky. With RESULT (what `hifred fuse` wrote, a trial's
    file, or a sweep directory) and --regions, the share of each region's light that
    lands in each group of pixels, their spectra, cross-ARFs, and scripts for XSPEC and
    sherpa.
    """
    folder = output or Path(f"{fusion_input.name.split('.')[0]}-mixing")
    if (result is None) != (region_file is None):
        raise HifredError("RESULT and --regions must be given together, or neither.")
    if result is None or region_file is None:
        ready = open_fusion_input(fusion_input)
        found = light_from_elsewhere(ready, instrument, imager)
        files = [*write_elsewhere(folder, found, ready), folder / "elsewhere.png"]
        save_figure(plot_elsewhere(found), files[-1])
        say(_elsewhere_words(found))
    else:
        fused = open_fused(result, trial, fusion_input)
        field = fused_field(fused.result, fused.fusion_input)
        mixed = mix_regions(
            fused.result,
            open_fusion_input(fusion_input),
            read_regions(region_file, field),
            instrument,
            is_by_pixel=pixels,
            n_bands=bands,
            draws=fused.drawn_cubes(draws_file),
        )
        files = [*write_mixing(folder, mixed), folder / "mixing.png"]
        _draw_mixing(files[-1], mixed, is_by_pixel=pixels)
        shares = mixed.shares
        if shares.shape[1] > MOST_COLUMNS:
            shares = shares[["lost"]]
        rows = shares.reset_index().to_dict("records")
        print_rows([{str(k): v for k, v in row.items()} for row in rows])
    say(f"{len(files)} files in {folder}")


def _draw_mixing(path: Path, mixed: Mixing, *, is_by_pixel: bool) -> None:
    shares, origins = mixed.shares, mixed.origins
    if is_by_pixel:
        drawn = plot_pixel_shares(shares, origins, mixed.data["group_of_pixel"])
    else:
        drawn = plot_shares(shares, origins)
    save_figure(drawn, path)


def _elsewhere_words(found: xr.Dataset) -> str:
    """Return the share of light from elsewhere, over all pixels and at worst."""
    share, light = found["elsewhere"], found["expected"]
    mean = float((share * light).sum() / light.where(share.notnull()).sum())
    worst = float(np.nanmax(share))
    return (
        f"{100 * mean:.0f} % of the light on {found.attrs['instrument']} comes from "
        f"beyond the pixel that it lands on; {100 * worst:.0f} % at most"
    )
