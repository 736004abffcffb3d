"""Compare and keep results: collect, best, export, verify, clean."""

import sys
from dataclasses import asdict
from pathlib import Path

import click

from hifred.cli.arguments import AS_JSON, DRAWS, INPUT, PATH
from hifred.cli.output import print_json, print_rows, print_verdicts
from hifred.cli.plain_speech import say
from hifred.cli.setting_options import checked_options, setting_options
from hifred.errors import unknown_name
from hifred.selection.verdicts import sweep_verdicts
from hifred.store.export import FORMATS
from hifred.store.export_any import export_any
from hifred.store.ranking import criterion
from hifred.store.results import Results, open_results
from hifred.sweep.plan.options import RunOptions
from hifred.sweep.watch.collecting import collect as collect_sweep
from hifred.sweep.watch.trial_line_maps import map_lines
from hifred.sweep.watch.upkeep import clean as clean_sweep
from hifred.sweep.watch.upkeep import verify as verify_sweep


@click.command(epilog="Example: hifred collect first-look --cubes top=20")
@click.argument("directory", type=PATH)
@setting_options(RunOptions, {"cubes": "--cubes"}, show_default=False)
@click.option("--by", help="Measure that ranks the trials, for top=N.")
@AS_JSON
def collect(
    directory: Path, *, cubes: str | None, by: str | None, as_json: bool
) -> None:
    """Gather what is finished into one store; cheap when little is new."""
    chosen = checked_options({"cubes": cubes}, RunOptions)
    report = collect_sweep(directory, **chosen, by=by)
    lines = map_lines(directory)
    if as_json:
        print_json(asdict(report) | ({} if lines is None else {"lines": asdict(lines)}))
    else:
        done = f"{report.n_done} of {report.n_trials} trials, {report.n_cubes} cubes"
        state = "collected" if report.is_new else "nothing new"
        say(f"{state}: {done} in {report.path}")
        print_verdicts(sweep_verdicts(open_results(directory).trials))
        if lines is not None:
            say(f"line maps: {lines.n_mapped} of {report.n_done} trials")
    for trial_id, why in report.damaged.items():
        say(f"damaged: {trial_id}: {why}", err=True)
    refused = {} if lines is None else lines.refused
    for trial_id, why in refused.items():
        say(f"no line maps: {trial_id}: {why}", err=True)
    sys.exit(1 if report.damaged or refused else 0)


@click.command(epilog="Example: hifred best first-look -n 3")
@click.argument("directory", type=PATH)
@click.option(
    "--by",
    help='Measure to rank by; "held_out" takes both scores of held-out counts. '
    "By default the most telling one that was taken.",
)
@click.option("-n", "n_best", type=click.IntRange(1), default=5, show_default=True)
@click.option(
    "--each", help="A setting, such as model: the best for each of its values."
)
@click.option("--columns", help="More measures to show, such as asam,ergas; or all.")
@AS_JSON
def best(
    directory: Path,
    *,
    by: str | None,
    n_best: int,
    each: str | None,
    columns: str | None,
    as_json: bool,
) -> None:
    """Print the best collected trials by one measure."""
    results = open_results(directory)
    by = by or criterion(results.trials)
    frame = results.best(by, n_best, each=each)
    shown = [*([by] if by else []), *_varying(results, every=as_json)]
    shown += _more_columns(results, "all" if as_json else columns, shown)
    rows = frame[[*shown, "seconds"]].reset_index().to_dict("records")
    print_rows([{str(k): v for k, v in row.items()} for row in rows], as_json=as_json)
    if not as_json:
        print_verdicts(sweep_verdicts(results.trials))


def _varying(results: Results, *, every: bool) -> list[str]:
    return results.setting_names if every else results.trials.telling_settings


def _more_columns(results: Results, columns: str | None, shown: list[str]) -> list[str]:
    if columns is None:
        return []
    names = results.measure_names
    chosen = names if columns == "all" else columns.split(",")
    for name in chosen:
        if name not in names:
            raise unknown_name("measure in --columns", name, names)
    return [name for name in chosen if name not in shown]


EXPORT_EPILOG = """\b
Example: hifred export first-look --to csv -o first-look.csv
Example: hifred export fused.zarr --to fits --input remnant.zarr -o fused
Example: hifred export first-look --to fits --trial 3f2a --draws draws.zarr
"""


@click.command(epilog=EXPORT_EPILOG)
@click.argument("path", type=PATH)
@click.option("--to", "kind", type=click.Choice(FORMATS), required=True)
@click.option("-o", "--output", type=PATH, help="File, or folder for fits.")
@INPUT
@click.option("--trial", help="One trial of a sweep, as fits.")
@DRAWS
def export(
    path: Path,
    *,
    kind: str,
    output: Path | None,
    fusion_input: Path | None,
    trial: str | None,
    draws_file: Path | None,
) -> None:
    """Write a sweep's results, one fusion or one input for other programs.

    PATH is a sweep directory, a result of `hifred fuse`, a trial's file or a fusion
    input.
    """
    found = export_any(path, kind, output, fusion_input, trial=trial, draws=draws_file)
    for written in found:
        say(str(written))


@click.command(epilog="Example: hifred verify first-look")
@click.argument("directory", type=PATH)
@click.option("--repair", is_flag=True, help="Set damaged files aside.")
@AS_JSON
def verify(directory: Path, *, repair: bool, as_json: bool) -> None:
    """Read every byte of a sweep and compare it with its checksums."""
    findings = verify_sweep(directory, repair=repair)
    if as_json:
        print_json(asdict(findings))
    else:
        checked = f"{findings.n_checked} files checked"
        say(f"{checked}, {len(findings.damaged)} damaged")
        if findings.n_collected:
            say(f"the collected results too, {findings.n_collected} files")
        for name, why in findings.damaged.items():
            say(f"  {name}: {why}")
        for trial_id in findings.orphans:
            say(f"  {trial_id} is in no plan")
        if findings.damaged_events:
            say(f"  {findings.damaged_events} lines of logs cannot be read")
        if findings.repaired:
            say(
                f"set aside; make them again: hifred run {directory}, "
                f"then hifred collect {directory}"
            )
        elif findings.damaged:
            say(f"to make them again: hifred verify {directory} --repair")
    sys.exit(0 if findings.is_clean else 1)


@click.command(epilog="Example: hifred clean first-look --dry-run")
@click.argument("directory", type=PATH)
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@AS_JSON
def clean(directory: Path, *, dry_run: bool, as_json: bool) -> None:
    """Remove what killed processes left, and results collected anew since."""
    removed = clean_sweep(directory, dry_run=dry_run)
    if as_json:
        print_json(removed)
        return
    verb = "would be removed" if dry_run else "removed"
    for name in removed:
        say(name)
    say(f"{len(removed)} {verb}")
