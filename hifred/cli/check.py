"""`hifred check`: whether the observations of a fusion input agree."""

import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from hifred.cli.setting_options import checked_options, setting_options
from hifred.fusion.assembly import SkySettings
from hifred.observations import CheckRow, ResponseReport, check_responses
from hifred.store import open_fusion_input

EPILOG = """\b
Example:
  hifred check remnant.zarr
"""


@click.command(epilog=EPILOG)
@click.argument("input", type=click.Path(path_type=Path))
@setting_options(
    SkySettings,
    {"target_resolution": "--target-resolution", "boundary": "--boundary"},
)
def check(input: Path, **options: Any) -> None:
    """Compare the observations in INPUT through their responses.

    Exit code 0 if they agree, 1 if they do not, 2 if INPUT cannot be read.
    """
    chosen = checked_options(options, SkySettings)
    report = check_responses(open_fusion_input(input).observations, **chosen)
    console = Console(width=None if sys.stdout.isatty() else 100)
    print_report(console, report)
    if not report.is_ok:
        sys.exit(1)


def print_report(console: Console, report: ResponseReport) -> None:
    """Print the figures, one table per pair, and a sentence for each that is wrong."""
    for pair in report.pairs:
        rows = [r for r in report.rows if (r.imager, r.spectrometer) == pair]
        console.print(_table(f"{pair[0]} against {pair[1]}", rows))
    for sentence in (*report.notes, *report.warnings, *report.cause_sentences):
        console.print(sentence, markup=False, highlight=False)
    if report.rows:
        console.print(report.verdict, markup=False, highlight=False)
    else:
        console.print("nothing to compare: it takes an imager and a spectrometer")


def _table(title: str, rows: list[CheckRow]) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("figure")
    for name in ("found", "scatter", "expected"):
        table.add_column(name, justify="right")
    table.add_column("units")
    table.add_column("verdict")
    for row in rows:
        table.add_row(
            row.name,
            f"{row.value:.4g}",
            f"{row.scatter:.2g}",
            f"{row.expected:.4g}",
            "" if row.units == "1" else row.units,
            "ok" if row.is_ok else "[bold red]wrong[/]",
        )
    return table
