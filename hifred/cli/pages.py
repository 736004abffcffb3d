"""Pages to look at: report, explore."""

import importlib
from pathlib import Path

import click

from hifred.cli.arguments import DRAWS, INPUT
from hifred.cli.plain_speech import say
from hifred.errors import HifredError

DIRECTORY = click.Path(path_type=Path)


REPORT_EPILOG = """\b
Example: hifred report first-look -o first-look.html
Example: hifred report fused.zarr --regions snr.reg --lines lines.toml
"""


@click.command(epilog=REPORT_EPILOG)
@click.argument("directory", type=DIRECTORY)
@click.option(
    "-o",
    "--output",
    type=DIRECTORY,
    help="By default DIRECTORY/report.html, or NAME.html of NAME.zarr.",
)
@INPUT
@DRAWS
@click.option(
    "--regions",
    "region_file",
    type=DIRECTORY,
    help="DS9 region file, or a FITS mask: their places, spectra, fluxes and lines.",
)
@click.option(
    "--lines",
    "lines_file",
    type=DIRECTORY,
    help="LINES.toml: maps of lines of one fusion; a sweep has its own.",
)
def report(
    directory: Path,
    *,
    output: Path | None,
    fusion_input: Path | None,
    draws_file: Path | None,
    region_file: Path | None,
    lines_file: Path | None,
) -> None:
    """Write a self-contained page of a sweep, one fusion or one input.

    Tables, maps, spectra, residuals, curves: one file that needs nothing else.
    """
    # Not above: drawing takes seconds to import.
    write_report = importlib.import_module("hifred.report").write_report
    page = write_report(
        directory,
        output,
        fusion_input=fusion_input,
        draws=draws_file,
        regions=region_file,
        lines=lines_file,
    )
    say(str(page))


@click.command(epilog="Example: hifred explore first-look --port 5006")
@click.argument("directory", type=DIRECTORY)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0 = any free.")
@click.option("--open/--no-open", "is_shown", default=False, help="Open a browser.")
@INPUT
def explore(
    directory: Path, *, port: int, is_shown: bool, fusion_input: Path | None
) -> None:
    """Explore a sweep, one fusion or an input in the browser, until Ctrl-C.

    On this machine only, for who has the address.
    """
    try:
        # Bokeh is an extra: everything else works without it.
        serve = importlib.import_module("hifred.explore").serve_explorer
    except ModuleNotFoundError as error:
        raise HifredError(
            f"the explorer must have Bokeh; {error.name} is not installed. "
            "Run `pip install 'hifred[explore]'`."
        ) from error
    serve(
        directory,
        fusion_input=fusion_input,
        port=port,
        is_shown=is_shown,
        announce=lambda url: say(f"open {url}\nstop with Ctrl-C"),
    )
