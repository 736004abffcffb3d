"""Search a grid instead of computing all of it."""

import importlib
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from hifred.cli.arguments import AS_JSON, PATH
from hifred.cli.live import live_view
from hifred.cli.output import plain_text, print_json
from hifred.cli.plain_speech import say
from hifred.cli.run_options import run_choices, run_options
from hifred.cli.setting_options import setting_options
from hifred.errors import HifredError
from hifred.settings.fields import fields_of
from hifred.sweep.plan.grid_search import Search
from hifred.sweep.watch.remedies import remedies


@click.command(epilog="Example: hifred tune first-look --by nmse_db --trials 12")
@click.argument("target", type=PATH)
@setting_options(Search)
@run_options
@AS_JSON
def tune(target: Path, *, quiet: bool, as_json: bool, **choices: Any) -> None:
    """Find the best trial of TARGET's grid from a share of its trials.

    Each trial is chosen from the scores of those before, and is a trial of the sweep
    like any other: `hifred run` computes the rest.
    """
    told = {name: choices.pop(name) for name in fields_of(Search)}
    search = Search(**{n: v for n, v in told.items() if v is not None})
    tune_sweep = _tuning().tune_sweep
    with live_view(quiet=quiet or as_json) as show:
        report = tune_sweep(
            target, search, on_change=show, **run_choices(target, choices)
        )
    if as_json:
        print_json({**asdict(report), "exit_code": report.exit_code})
    else:
        _print_report(report)
    sys.exit(report.exit_code)


def _tuning() -> Any:
    try:
        # What it needs is an extra: everything else works without it.
        return importlib.import_module("hifred.sweep.driver.tuning")
    except ModuleNotFoundError as error:
        raise HifredError(
            f"a search must have {error.name}, which is not installed. "
            "Run `pip install 'hifred[tune]'`."
        ) from error


def _print_report(report: Any) -> None:
    say(f"{report.n_done} of the {report.n_declared} trials of the grid are done")
    for model, trial_id in report.best.items():
        score = plain_text(report.scores[model])
        say(f"{model}: best by {report.by} is {trial_id}, {score}")
    for line in remedies(report.snapshot, report.directory):
        say(line, err=True)
    if report.message:
        say(f"ended early: {report.message}; the same command goes on", err=True)
    say(f"all of it: hifred run {report.directory}")
