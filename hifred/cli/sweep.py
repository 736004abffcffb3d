"""Declare and run a sweep: init, plan, run."""

import sys
from pathlib import Path
from typing import Any

import click

from hifred.cli.arguments import AS_JSON, PATH
from hifred.cli.live import live_view
from hifred.cli.outcome import print_outcome
from hifred.cli.output import duration, print_json, size
from hifred.cli.plain_speech import say
from hifred.cli.run_options import DIRECTORY, run_choices, run_options
from hifred.sweep.driver.run import RunReport, run_sweep
from hifred.sweep.plan.template import write_template
from hifred.sweep.watch.preview import Preview, preview
from hifred.sweep.watch.snapshot import SweepView


@click.command(epilog="Example: hifred init first-look")
@click.argument("directory", type=PATH)
def init(directory: Path) -> None:
    """Write a commented sweep.toml into DIRECTORY, to start from."""
    path = write_template(directory)
    say(f"wrote {path}; edit it, then: hifred plan {directory}")


@click.command(epilog="Example: hifred plan first-look")
@click.argument("target", type=PATH)
@DIRECTORY
@click.option("--calibrate", is_flag=True, help="Time a trial of each regularizer.")
@AS_JSON
def plan(
    target: Path, *, directory: Path | None, calibrate: bool, as_json: bool
) -> None:
    """Say what TARGET (a sweep.toml or a sweep directory) would do; nothing is run."""
    found = preview(target, directory=directory, calibrate=calibrate)
    if as_json:
        print_json(found.as_dict())
        return
    _print_preview(found)


def _print_preview(found: Preview) -> None:
    left = found.n_trials - found.n_done
    say(f"{found.name}: {found.n_trials} trials in {found.directory}")
    say(f"  {found.n_done} done, {found.n_new} new, {left} to run")
    say(f"  dropped: {found.n_duplicates} duplicates, {found.n_excluded} excluded")
    for name, counts in (("models", found.by_model), ("grids", found.by_regularizer)):
        listed = ", ".join(f"{key} {n}" for key, n in counts.items())
        say(f"  {name}: {listed}")
    by = f" (from {found.timed_by})" if found.timed_by else " (try --calibrate)"
    say(f"  work left: {duration(found.cpu_seconds)}{by}")
    say(f"  space: {size(found.n_bytes)} in at most {found.n_files} files")


@click.command(epilog="Example: hifred run first-look --workers 2")
@click.argument("target", type=PATH)
@run_options
@AS_JSON
def run(target: Path, *, quiet: bool, as_json: bool, **choices: Any) -> None:
    """Run TARGET (a sweep.toml or a sweep directory), or go on with it.

    What is published is never run again. Ctrl-C lets running trials save and stop; the
    same command goes on from there.
    """
    with live_view(quiet=quiet or as_json) as show:
        report = run_sweep(target, on_change=show, **run_choices(target, choices))
    if as_json:
        print_json(_report_facts(report))
    else:
        _print_report(report)
    sys.exit(report.exit_code)


def _report_facts(report: RunReport) -> dict[str, Any]:
    return {
        "directory": str(report.directory),
        "n_run": report.n_run,
        "n_found_done": report.n_found_done,
        "n_new": report.n_new,
        "message": report.message,
        "n_blocked": len(report.blocked or ()),
        **report.snapshot.as_dict(),
        "exit_code": report.exit_code,
    }


def _print_report(report: RunReport) -> None:
    found, counts = report.n_found_done, report.snapshot.counts
    total = report.snapshot.n_trials
    if report.n_run == 0 and report.exit_code == 0:
        say(f"all {total} trials were done already: nothing was run")
    else:
        listed = ", ".join(f"{n} {state}" for state, n in counts.items() if n)
        say(f"{total} trials: {listed} ({found} were done already)")
    for message, number in report.snapshot.errors:
        say(f"  {number} x {message}", err=True)
    if report.blocked:
        waiting = len(report.blocked)
        say(f"  {waiting} wait for a trial that is not done", err=True)
    if report.message:
        say(f"ended early: {report.message}", err=True)
    if report.exit_code == 3:
        say(f"go on with: hifred run {report.directory}", err=True)
    print_outcome(SweepView(report.directory), report.snapshot)
