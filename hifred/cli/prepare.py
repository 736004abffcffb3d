"""`hifred prepare`: from the observatories' files to a fusion input."""

import sys
from pathlib import Path

import click

from hifred.cli.plain_speech import say
from hifred.observations import check_responses
from hifred.observations.input_summary import summarise
from hifred.observations.preparation.fusion_input import prepare_input
from hifred.observations.preparation.settings import read_preparation
from hifred.observations.preparation.starting_file import preparation_template
from hifred.store import save_fusion_input

EPILOG = """\b
Example:
  hifred prepare remnant.toml -o remnant.zarr
"""


@click.command(epilog=EPILOG)
@click.argument(
    "config", type=click.Path(dir_okay=False, path_type=Path), required=False
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="Fusion input to write; by default CONFIG with .zarr instead of .toml.",
)
@click.option(
    "--accept",
    is_flag=True,
    help="Write the input even if its responses disagree; what disagrees is recorded.",
)
@click.option(
    "--template",
    is_flag=True,
    help="Read nothing: print a configuration to start from, with every key.",
)
def prepare(
    config: Path | None, output: Path | None, accept: bool, template: bool
) -> None:
    """Read the files that CONFIG names, check them and write one fusion input.

    Exit code 1, and nothing written, if the instruments disagree about the sky that
    they both see.
    """
    if template:
        say(preparation_template(), nl=False)
        return
    if config is None:
        raise click.UsageError("Missing argument 'CONFIG'; --template prints one.")
    fusion_input = prepare_input(read_preparation(config))
    say(summarise(fusion_input))
    report = check_responses(fusion_input.observations)
    say(str(report))
    if not report.is_ok and not accept:
        say(
            "nothing was written: correct what disagrees, or write it all the same "
            "with --accept",
            err=True,
        )
        sys.exit(1)
    if not report.is_ok:
        found = (*report.cause_sentences, *report.warnings)
        fusion_input.attrs["accepted_disagreement"] = " ".join(found)
    path = save_fusion_input(output or config.with_suffix(".zarr"), fusion_input)
    say(f"wrote {path}")
