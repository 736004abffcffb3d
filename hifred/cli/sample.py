"""`hifred sample`: draws of the posterior of one fusion."""

from pathlib import Path
from typing import Any

import click
from rich.console import Console

from hifred.cli.arguments import INPUT, PATH, TRIAL
from hifred.cli.plain_speech import say
from hifred.cli.setting_options import given_options, setting_options
from hifred.settings import Place, read_settings
from hifred.sweep.driver.sample_run import SamplePlan, run_sample
from hifred.sweep.executors.inline import InlineExecutor
from hifred.sweep.executors.local import LocalExecutor
from hifred.threads import use_threads

NAMES = {"n_draws": "--draws", "seed": "--seed", "n_checks": "--checks"}


@click.command(epilog="Example: hifred sample fused.zarr --input toy.zarr --draws 20")
@click.argument("result", type=PATH)
@click.option(
    "-o",
    "--output",
    type=PATH,
    help="Draws, as Zarr; by default where the other commands look for them.",
)
@TRIAL
@INPUT
@setting_options(SamplePlan, NAMES)
@click.option("--workers", default=1, show_default=True, help="Processes at work.")
@click.option("--threads", type=click.IntRange(1), help="Threads of each.")
def sample(
    result: Path,
    output: Path | None,
    *,
    trial: str | None,
    fusion_input: Path | None,
    workers: int,
    threads: int | None,
    **options: Any,
) -> None:
    """Draw cubes that the counts and the prior of a fusion leave possible.

    RESULT is what `hifred fuse` wrote with guided or lrs, a trial's file, or a sweep
    directory. Unless told, draws go to RESULT-draws.zarr, or draws/TRIAL.zarr of a
    sweep, where other commands find them. Interrupted, the same command goes on where
    it stopped.
    """
    given = given_options(options, SamplePlan)
    plan = read_settings(SamplePlan, given, Place(is_command=True))
    executor = (
        InlineExecutor() if workers == 1 else LocalExecutor(workers, threads or 1)
    )
    console = Console(stderr=True)
    with console.status("opening the result") as status, use_threads(threads):
        written, draws = run_sample(
            result,
            plan=plan,
            executor=executor,
            output=output,
            trial=trial,
            fusion_input=fusion_input,
            on_progress=status.update,
        )
    say(f"{written}: {draws.count} draws")
    for sentence in (draws.check.sentence, *draws.check.warnings):
        say(sentence)
