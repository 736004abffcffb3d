"""Watch a sweep, and correct it: status, list, show, retry, cancel."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from hifred.cli.arguments import AS_JSON, PATH
from hifred.cli.live import render, watch
from hifred.cli.outcome import print_outcome
from hifred.cli.output import console, print_json, print_rows
from hifred.cli.plain_speech import say
from hifred.cli.setting_options import checked_options
from hifred.sweep.executors.jobs import describe_jobs, end_driver_job, read_jobs
from hifred.sweep.plan.options import RunOptions
from hifred.sweep.watch.commands import cancel as cancel_trials
from hifred.sweep.watch.commands import retry as retry_trials
from hifred.sweep.watch.inspection import inspect_trial, trial_log
from hifred.sweep.watch.listing import list_rows
from hifred.sweep.watch.snapshot import SweepView
from hifred.sweep.watch.states import STATES

WHERE = click.option("--where", help="Conditions, such as 'rank >= 8 and mu < 0.1'.")


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
        print_outcome(view, snapshot)
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
        # Not above: it imports all that fuses, and takes seconds.
        from hifred.sweep.watch.reproduction import reproduce

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
    limit = checked_options({"memory": memory}, RunOptions)
    trials = retry_trials(directory, ids=trial_ids, states=states, where=where, **limit)
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
