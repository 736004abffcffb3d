"""`hifred simulate` and `hifred bootstrap`."""

import json
from pathlib import Path
from typing import Any

import click
import xarray as xr
from rich.console import Console

from hifred.cli.plain_speech import say
from hifred.cli.setting_options import given_options, parse_value, setting_options
from hifred.errors import HifredError
from hifred.fusion import FusionSettings
from hifred.fusion.settings import known_settings
from hifred.settings import Place, read_settings
from hifred.simulation import MODELS, SimulationSettings, simulation_settings
from hifred.simulation import simulate as simulate_settings
from hifred.store import save_fusion_input
from hifred.sweep.driver.bootstrap_run import BootstrapPlan, run_bootstrap
from hifred.sweep.executors.inline import InlineExecutor
from hifred.sweep.executors.local import LocalExecutor

# Below this the errors are called too small: 68 % less what few voxels leave to chance.
LEAST_COVERAGE = 0.6


def parse_assignments(assignments: tuple[str, ...]) -> dict[str, Any]:
    """Return ``name=value`` texts as a mapping; values are TOML, or else text.

    Raises
    ------
    HifredError
        If an assignment has no equals sign.
    """
    parsed: dict[str, Any] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals:
            raise HifredError(
                f"--set must be name=value; got {assignment!r}. "
                "Example: --set imager.psf_width_arcsec=6"
            )
        parsed[name.strip()] = parse_value(text)
    return parsed


@click.command(
    epilog="Example: hifred simulate gaussian_1kev_rebinned toy.zarr --shape 18 15 "
    "--energies 60 --counts 1e5"
)
@click.argument("model", metavar="MODEL")
@click.argument("path", metavar="OUT.zarr", type=click.Path(path_type=Path))
@click.option("--counts", type=float, help="Photons of the imager; the ratio is kept.")
@setting_options(
    SimulationSettings,
    {
        "seed": "--seed",
        "shape": "--shape",
        "n_energies": "--energies",
        "band_kev": "--band",
        "scene": "--scene",
    },
    show_default=False,  # it depends on MODEL
)
@click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="NAME=VALUE",
    help="Any other setting, such as remnant.seed=2 or imager.psf_width_arcsec=6.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def simulate(
    model: str, path: Path, assignments: tuple[str, ...], as_json: bool, **options: Any
) -> None:
    """Simulate MODEL and save truth, noise-free and noisy counts in OUT.zarr.

    Models: those of the paper's Table 1.
    """
    given = {name: value for name, value in options.items() if value is not None}
    settings = simulation_settings(model, given | parse_assignments(assignments))
    with Console(stderr=True).status(f"simulating {model}") as status:
        fusion_input = simulate_settings(settings, on_progress=status.update)
        status.update("saving")
        save_fusion_input(path, fusion_input)
    counts = {
        name: int(o["counts"].sum()) for name, o in fusion_input.observations.items()
    }
    if as_json:
        say(json.dumps({"path": str(path), "counts": counts}))
        return
    words = ", ".join(f"{n:,} counts in {name}" for name, n in counts.items())
    say(f"{path}: {words}")


simulate.help = f"{simulate.help}\n\nMODEL is one of {', '.join(MODELS)}."


@click.command(
    epilog="Example: hifred bootstrap toy.zarr --regularizer lrs --mu 0.001 --rank 5 "
    "--draws 4 -o errors.zarr"
)
@click.argument("path", metavar="OBS.zarr", type=click.Path(path_type=Path))
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path))
@setting_options(known_settings())
@setting_options(
    BootstrapPlan,
    {
        "n_draws": "--draws",
        "n_bands": "--bands",
        "seed": "--seed",
        "kind": "--about",
        "bias_steps": "--bias-steps",
        "keep_refits": "--keep-refits",
    },
)
@click.option("--workers", default=1, show_default=True, help="Processes at work.")
@click.option("--threads", default=1, show_default=True, help="Threads of one refit.")
@click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="NAME=VALUE",
    help="Any other setting of the fusion, such as tolerance=1e-3.",
)
def bootstrap(path: Path, output: Path, **options: Any) -> None:
    """Give every voxel of a fusion a standard error, from refits of Poisson draws."""
    fusion = given_options(options, known_settings())
    settings = FusionSettings.read(
        {"regularizer": "lrs"} | fusion | parse_assignments(options["assignments"]),
        Place(is_command=True),
    )
    plan = read_settings(
        BootstrapPlan, given_options(options, BootstrapPlan), Place(is_command=True)
    )
    workers = options["workers"]
    executor = (
        InlineExecutor() if workers == 1 else LocalExecutor(workers, options["threads"])
    )
    with Console(stderr=True).status("opening the input") as status:
        summary = run_bootstrap(
            path,
            settings,
            plan=plan,
            executor=executor,
            output=output,
            on_progress=status.update,
        )
    say(f"{output}: {plan.n_draws} refits{coverage_words(summary)}")


def coverage_words(summary: xr.Dataset) -> str:
    """Return how often the errors cover the truth and, if not 68 %, by what bias."""
    if "coverage" not in summary:
        return ""
    coverage, bias = float(summary["coverage"]), float(summary["bias_share"])
    words = f", coverage of the truth {coverage:.1%} of bright band voxels"
    if "corrected_coverage" in summary:
        words += f", {float(summary['corrected_coverage']):.1%} less their bias"
    if coverage >= LEAST_COVERAGE:
        return words
    return (
        f"{words}: the fit has a bias of {bias:.2g} standard errors, which refits "
        "share. A smaller mu or a larger rank has less."
    )
