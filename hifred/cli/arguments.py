"""Kinds of arguments and options that several commands have."""

from pathlib import Path

import click

PATH = click.Path(path_type=Path)
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
TRIAL = click.option("--trial", help="Which trial of a sweep; by default the best.")
INPUT = click.option(
    "--input",
    "fusion_input",
    type=PATH,
    help="What was fused: gives responses, resolution and the place on the sky; by "
    "default where it was. A sweep knows its own.",
)
DRAWS = click.option(
    "--draws",
    "draws_file",
    type=PATH,
    help="Of `hifred sample` or `hifred bootstrap --keep-refits`: gives the errors; by "
    "default from where `hifred sample` writes unless told.",
)
UNCORRECTED = click.option(
    "--uncorrected",
    "is_corrected",
    flag_value=False,
    default=True,
    help="Regions as sums over the cube's pixels, not corrected for what the prior "
    "moved between them; without the input they never are.",
)
