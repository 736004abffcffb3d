"""`hifred prepare`: from the observatories' files to a fusion input."""

from pathlib import Path

import click

from hifred.observations import check_responses
from hifred.observations.input_summary import summarise
from hifred.observations.preparation.fusion_input import prepare_input
from hifred.observations.preparation.settings import read_preparation
from hifred.store import save_fusion_input

EPILOG = """\b
Example:
  hifred prepare remnant.toml -o remnant.zarr
"""


@click.command(epilog=EPILOG)
@click.argument("config", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="Fusion input to write; by default CONFIG with .zarr instead of .toml.",
)
def prepare(config: Path, output: Path | None) -> None:
    """Read the files that CONFIG names, write one fusion input and check it."""
    settings = read_preparation(config)
    fusion_input = prepare_input(settings)
    path = save_fusion_input(output or config.with_suffix(".zarr"), fusion_input)
    click.echo(summarise(fusion_input))
    click.echo(str(check_responses(fusion_input.observations)))
    click.echo(f"wrote {path}")
