"""What regions of a fused cube say: spectra."""

from pathlib import Path

import click

from hifred.cli.output import print_rows
from hifred.cli.plain_speech import say
from hifred.regions import fused_field, read_regions
from hifred.spectra import write_spectra
from hifred.store import read_draws
from hifred.store.fused import open_fused

PATH = click.Path(path_type=Path)
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
@click.option("--trial", help="Which trial of a sweep; by default the best.")
@click.option(
    "--input",
    "fusion_input",
    type=PATH,
    help="What was fused; a sweep knows its own.",
)
@click.option(
    "--draws", "draws_file", type=PATH, help="Of `hifred sample`: gives the errors."
)
@click.option("--each-draw", is_flag=True, help="Write the spectrum of each draw, too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def spectra(
    result: Path,
    *,
    region_file: Path,
    output: Path | None,
    trial: str | None,
    fusion_input: Path | None,
    draws_file: Path | None,
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
        draws=None if draws_file is None else read_draws(draws_file),
        has_each_draw=each_draw,
    )
    rows = written.table.reset_index().to_dict("records")
    print_rows([{str(k): v for k, v in row.items()} for row in rows], as_json=as_json)
    if not as_json:
        say(f"{len(written.files)} files in {folder}; see {folder / 'README.txt'}")
