"""Declare, run and watch a sweep."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from hifred.cli.live import live_view, render, watch
from hifred.cli.output import (
    console,
    duration,
    print_json,
    print_rows,
    print_verdicts,
    size,
)
from hifred.cli.plain_speech import say
from hifred.cli.setting_options import setting_options
from hifred.selection.verdicts import sweep_verdicts
from hifred.sweep.driver.run import RunReport, run_sweep
from hifred.sweep.executors.choose import choose_executor
from hifred.sweep.executors.jobs import describe_jobs, end_driver_job, read_jobs
from hifred.sweep.plan.options import RunOptions
from hifred.sweep.plan.target import plan_sweep, sweep_target
from hifred.sweep.plan.template import write_template
from hifred.sweep.watch.collecting import finished_table
from hifred.sweep.watch.commands import cancel as cancel_trials
from hifred.sweep.watch.commands import retry as retry_trials
from hifred.sweep.watch.inspection import inspect_trial, reproduce, trial_log
from hifred.sweep.watch.listing import list_rows
from hifred.sweep.watch.preview import Preview, preview
from hifred.sweep.watch.remedies import remedies
from hifred.sweep.watch.snapshot import Snapshot, SweepView
from hifred.sweep.watch.states import STATES

PATH = click.Path(path_type=Path)
# Reading the files of more takes seconds.
MOST_JUDGED = 2000
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
WHERE = click.option("--where", help="Conditions, such as 'rank >= 8 and mu < 0.1'.")
DIRECTORY = click.option(
    "--directory", type=PATH, help="Where to run a file; default runs/<name>."
)


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
@DIRECTORY
@setting_options(RunOptions)
@click.option(
    "--executor", type=click.Choice(["local", "inline"]), default="local",
    show_default=True, help="Worker processes here, or one trial after the other.",
)  # fmt: skip
@click.option("--cluster", type=PATH, help="A cluster configuration.")
@click.option("--single-job", is_flag=True, help="Workers in the job that this is.")
@click.option("--allow-code-change", is_flag=True, help="Go on with changed code.")
@click.option("--quiet", is_flag=True, help="Show no progress.")
@AS_JSON
def run(target: Path, *, quiet: bool, as_json: bool, **choices: Any) -> None:
    """Run TARGET (a sweep.toml or a sweep directory), or go on with it.

    What is published is never run again. Ctrl-C lets running trials save and stop; the
    same command goes on from there.
    """
    with live_view(quiet=quiet or as_json) as show:
        given = {name: value for name, value in choices.items() if value is not None}
        report = run_sweep(target, on_change=show, **_run_choices(target, given))
    if as_json:
        print_json(_report_facts(report))
    else:
        _print_report(report)
    sys.exit(report.exit_code)


def _run_choices(target: Path, choices: dict[str, Any]) -> dict[str, Any]:
    cluster = choices.pop("cluster", None)
    single_job = choices.pop("single_job")
    if cluster is None:
        return choices
    place = {"directory": choices.get("directory")}
    sweep, _ = sweep_target(target, **place)
    # The inputs tell the memory that a trial needs.
    plan_sweep(target, allow_code_change=choices["allow_code_change"], **place)
    chosen = choose_executor(
        cluster,
        sweep.root,
        workers=choices.pop("workers", None),
        single_job=single_job,
    )
    return choices | chosen


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
    _print_outcome(report.directory, report.snapshot)


def _print_outcome(directory: Path, snapshot: Snapshot) -> None:
    """Say what to do about what ended badly, and what the rest say of the choice."""
    for line in remedies(snapshot, directory):
        say(line, err=True)
    n_done = snapshot.counts["done"]
    if snapshot.n_open or not n_done:
        return
    if n_done > MOST_JUDGED:
        say(f"what to choose: hifred collect {directory}, then hifred best {directory}")
    else:
        print_verdicts(sweep_verdicts(finished_table(directory)))


@click.command(epilog="Example: hifred status first-look --json")
@click.argument("directory", type=PATH)
@click.option("--watch", "keep", is_flag=True, help="Follow it until it ends.")
@AS_JSON
def status(directory: Path, *, keep: bool, as_json: bool) -> None:
    """Print the number of trials in each state, time left, and the top errors."""
    view = SweepView(directory)
    snapshot = watch(view) if keep else view.snapshot()
    if as_json:
        print_json({**snapshot.as_dict(), "jobs": read_jobs(directory)})
    else:
        console().print(render(snapshot))
        say("".join(f"{line}\n" for line in describe_jobs(directory)), nl=False)
        _print_outcome(directory, snapshot)
    sys.exit(snapshot.exit_code)


@click.command(name="list", epilog="Example: hifred list first-look --state done")
@click.argument("directory", type=PATH)
@click.option("--state", "states", type=click.Choice(STATES), multiple=True)
@WHERE
@click.option("--columns", help="Settings, facts and measures, with commas.")
@AS_JSON
def list_trials(
    directory: Path,
    *,
    states: tuple[str, ...],
    where: str | None,
    columns: str | None,
    as_json: bool,
) -> None:
    """Print trials, chosen by state and condition."""
    names = None if columns is None else [name.strip() for name in columns.split(",")]
    rows = list_rows(directory, states=states, where=where, columns=names)
    print_rows(rows, as_json=as_json)


@click.command(epilog="Example: hifred show first-look ID --log")
@click.argument("directory", type=PATH)
@click.argument("trial_id")
@click.option("--log", "with_log", is_flag=True, help="Everything that happened.")
@click.option("--error", "with_error", is_flag=True, help="The traceback only.")
@click.option("--reproduce", "again", is_flag=True, help="Compute again and compare.")
@AS_JSON
def show(
    directory: Path,
    trial_id: str,
    *,
    with_log: bool,
    with_error: bool,
    again: bool,
    as_json: bool,
) -> None:
    """Print settings, provenance, log and traceback of one trial."""
    if again:
        same = reproduce(directory, trial_id)
        print_json(asdict(same))
        sys.exit(0 if same.identical else 1)
    found = asdict(inspect_trial(directory, trial_id))
    if with_error:
        say(found["traceback"] or found["message"] or "no error")
        return
    if with_log:
        found["log"] = trial_log(directory, trial_id)
    if as_json:
        print_json(found)
        return
    for name, value in found.items():
        _print_fact(name, value)


def _print_fact(name: str, value: Any) -> None:
    if isinstance(value, dict):
        say(f"{name}:")
        for key, item in value.items():
            say(f"  {key}: {item}")
    elif isinstance(value, list):
        say(f"{name}:")
        for item in value:
            say(f"  {item}")
    elif value != "":
        say(f"{name}: {value}")


@click.command(epilog="Example: hifred retry first-look --state oom --memory 16GiB")
@click.argument("directory", type=PATH)
@click.argument("trial_ids", nargs=-1)
@click.option("--state", "states", type=click.Choice(STATES), multiple=True)
@WHERE
@click.option("--memory", help="Memory of one trial from now on, such as 16GiB.")
@AS_JSON
def retry(
    directory: Path,
    trial_ids: tuple[str, ...],
    *,
    states: tuple[str, ...],
    where: str | None,
    memory: str | None,
    as_json: bool,
) -> None:
    """Let trials that ended badly be tried again by the next run."""
    trials = retry_trials(
        directory, ids=trial_ids, states=states, where=where, memory=memory
    )
    _tell_chosen(trials, f"will be tried again: hifred run {directory}", as_json)


@click.command(epilog="Example: hifred cancel first-look --where 'rank >= 100'")
@click.argument("directory", type=PATH)
@click.argument("trial_ids", nargs=-1)
@WHERE
@AS_JSON
def cancel(
    directory: Path,
    trial_ids: tuple[str, ...],
    *,
    where: str | None,
    as_json: bool,
) -> None:
    """Take trials that are not done out of the sweep; `hifred retry` undoes it."""
    trials = cancel_trials(directory, ids=trial_ids, where=where)
    job_id = end_driver_job(directory) if not trial_ids and where is None else None
    also = "" if job_id is None else f"; SLURM job {job_id}, their driver, ends"
    _tell_chosen(trials, f"were cancelled{also}", as_json)


def _tell_chosen(trials: list[Any], what: str, as_json: bool) -> None:
    if as_json:
        print_json([trial.id for trial in trials])
    else:
        say(f"{len(trials)} trials {what}")
