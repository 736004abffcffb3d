"""`hifred inspect`: what files are, before they are prepared."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from hifred.cli.output import plain_text, print_json
from hifred.observations.file_facts import inspect_file
from hifred.plots import plot_files
from hifred.plots.style import save_figure


@click.command(epilog="Example: hifred inspect resolve.evt mos1.fits[COUNTS] mos1.rmf")
@click.argument("files", nargs=-1, required=True, type=click.Path())
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--figure",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Draw them too: image, spectrum, response; .png, .pdf or .svg.",
)
def inspect(files: tuple[str, ...], *, as_json: bool, figure: Path | None) -> None:
    """Tell what FILES are: kind, instrument, frame, band, and what the filters keep."""
    found = [inspect_file(file) for file in files]
    if figure is not None:
        save_figure(plot_files(files), figure)
    if as_json:
        print_json(found)
        return
    for facts in found:
        click.echo(str(facts.pop("file")))
        for name, value in facts.items():
            _print_fact(name, value)


def _print_fact(name: str, value: Any) -> None:
    if name == "cuts":
        _print_cuts(value)
    elif name == "band_kev":
        click.echo(f"  {'band':22} {value[0]:g} to {value[1]:g} keV")
    elif isinstance(value, list):
        for entry in value:
            click.echo(f"  {name}: {entry}")
    else:
        click.echo(f"  {name.replace('_', ' '):22} {plain_text(value)}")


def _print_cuts(rows: Sequence[dict[str, Any]]) -> None:
    width = max(len(row["cut"]) for row in rows)
    click.echo(f"  {'':{width}} {'dropped':>10} {'kept':>10}")
    for row in rows:
        click.echo(f"  {row['cut']:{width}} {row['dropped']:10} {row['kept']:10}")
