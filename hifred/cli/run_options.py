"""Options of the commands that run trials: limits, and where they run."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from hifred.cli.arguments import PATH
from hifred.cli.setting_options import setting_options
from hifred.sweep.executors.choose import choose_executor
from hifred.sweep.plan.options import RunOptions
from hifred.sweep.plan.target import plan_sweep, sweep_target

F = TypeVar("F", bound=Callable[..., Any])
DIRECTORY = click.option(
    "--directory", type=PATH, help="Where to run a file; default runs/<name>."
)
_PLACES = (
    DIRECTORY,
    setting_options(RunOptions),
    click.option(
        "--executor", type=click.Choice(["local", "inline"]), default="local",
        show_default=True, help="Worker processes here, or one trial after the other.",
    ),
    click.option("--cluster", type=PATH, help="A cluster configuration."),
    click.option("--single-job", is_flag=True, help="Workers in the job that this is."),
    click.option("--allow-code-change", is_flag=True, help="Go on with changed code."),
    click.option("--quiet", is_flag=True, help="Show no progress."),
)  # fmt: skip


def run_options(command: F) -> F:
    """Add the options of a run to a command."""
    for option in reversed(_PLACES):
        command = option(command)
    return command


def run_choices(target: Path, choices: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of `run_sweep` that the options of a command stand for."""
    choices = {name: value for name, value in choices.items() if value is not None}
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
