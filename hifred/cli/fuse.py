"""`hifred fuse`: one fusion of one input."""

import time
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from hifred.cli.check import print_report
from hifred.cli.plain_speech import say
from hifred.cli.setting_options import setting_options
from hifred.errors import HifredError
from hifred.fusion import FusionSettings
from hifred.fusion import fuse as fuse_observations
from hifred.fusion.settings import known_settings
from hifred.measures import measure_fusion
from hifred.observations import check_responses
from hifred.settings import Place
from hifred.store import open_fusion_input
from hifred.store.fusion_input import observations_digest
from hifred.store.fusion_result import check_result_target, save_result


@click.command(
    epilog="Example: hifred fuse toy.zarr --regularizer lrs --mu 0.0003 -o fused.zarr"
)
@click.argument("input", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True)
@setting_options(known_settings())
@click.option("--threads", type=click.IntRange(1), help="Threads to use.")
@click.option("--skip-check", is_flag=True, help="Do not compare the responses first.")
def fuse(
    input: Path,
    output: Path,
    *,
    threads: int | None,
    skip_check: bool,
    **options: Any,
) -> None:
    """Fuse the observations of INPUT into one cube.

    Exit code 0 when the minimum is proven, 1 when the solver ended before.
    """
    given = {name: value for name, value in options.items() if value is not None}
    settings = FusionSettings.read(given, Place(is_command=True))
    check_result_target(output)
    found = open_fusion_input(input)
    console = Console(stderr=True)
    if not skip_check:
        _warn_of_responses(console, found.observations, settings)
    started = time.perf_counter()
    with _progress(console) as progress:
        task = progress.add_task("fusing", total=None, state="setting up")

        def show(state: Any) -> None:
            text = f"iteration {state.iteration}, cost {state.cost:.6g}"
            progress.update(task, state=text)

        result = fuse_observations(
            found.observations, settings, on_step=show, threads=threads
        )
    measures = measure_fusion(result, found)
    digest = observations_digest(found.observations)
    result = result.assign_attrs(input=str(input), observations_digest=digest)
    save_result(output, result.merge(measures, combine_attrs="drop_conflicts"))
    _summarise(result, measures, output, time.perf_counter() - started)


def _warn_of_responses(
    console: Console, observations: Any, settings: FusionSettings
) -> None:
    try:
        report = check_responses(
            observations,
            target_resolution=settings.target_resolution,
            boundary=settings.boundary,
        )
    except HifredError as error:
        console.print(f"the responses were not compared: {error}", markup=False)
        return
    if not report.is_ok:
        print_report(console, report)


def _progress(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}: {task.fields[state]}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )


def _summarise(result: Any, measures: Any, output: Path, seconds: float) -> None:
    attrs = result.attrs
    say(f"{attrs['outcome']} in {attrs['n_iterations']} iterations, "
               f"{seconds:.1f} s: {attrs['message']}")  # fmt: skip
    say(f"{attrs['certificate_kind']}: {attrs['certificate']:.2g}")
    for name, measure in measures.data_vars.items():
        if measure.ndim == 0:
            units = measure.attrs.get("units", "1")
            unit = "" if units == "1" else f" {units}"
            say(f"{name}: {float(measure):.5g}{unit}")
    say(f"wrote {output}")
    if attrs["outcome"] != "converged":
        raise SystemExit(1)
