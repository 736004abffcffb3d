"""`hifred lines`: maps of lines of a fused cube."""

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import click
import numpy as np
import xarray as xr
from rich.console import Console
from rich.progress import Progress

from hifred.cli.arguments import AS_JSON, DRAWS, INPUT, PATH, TRIAL, UNCORRECTED
from hifred.cli.output import print_rows
from hifred.cli.plain_speech import say
from hifred.plots import plot_line_maps
from hifred.plots.style import save_figure
from hifred.products import measure_lines, read_lines, region_lines
from hifred.products.lines_template import lines_template
from hifred.products.maps import STATUS
from hifred.products.target_response import cube_line_spread
from hifred.regions import fused_field, read_regions
from hifred.store.fused import FusedCube, open_fused
from hifred.store.line_maps import line_stems, save_line_maps, write_region_table

# Of a line's flux: what side bands may make wrong before it is told.
LEAST_TOLD = 0.01
EPILOG = """\b
Example: hifred lines fused.zarr lines.toml --input toy.zarr -o line-maps
Example: hifred lines --template
"""


def _print_template(ctx: click.Context, param: click.Parameter, wanted: bool) -> None:
    if wanted:
        say(lines_template())
        ctx.exit()


@click.command(epilog=EPILOG)
@click.argument("result", type=PATH)
@click.argument("lines_file", metavar="LINES.toml", type=PATH)
@click.option("-o", "--output", type=PATH, help="Folder; by default RESULT-lines.")
@TRIAL
@INPUT
@DRAWS
@click.option(
    "--regions",
    "region_file",
    type=PATH,
    help="DS9 region file, or a FITS mask: a table of the lines in each region, too.",
)
@UNCORRECTED
@click.option(
    "--template",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_template,
    help="Print a commented LINES.toml, to start from, and end.",
)
@AS_JSON
def lines(
    result: Path,
    lines_file: Path,
    *,
    output: Path | None,
    trial: str | None,
    fusion_input: Path | None,
    draws_file: Path | None,
    region_file: Path | None,
    is_corrected: bool,
    as_json: bool,
) -> None:
    """Write maps of flux, velocity, width and equivalent width of lines.

    RESULT is what `hifred fuse` wrote, a trial's file, or a sweep directory; LINES.toml
    names the lines.
    """
    settings = read_lines(lines_file)
    fused = open_fused(result, trial, fusion_input)
    draws = fused.drawn_cubes(draws_file)
    field = fused_field(fused.result, fused.fusion_input)
    regions = [] if region_file is None else read_regions(region_file, field)
    spread = cube_line_spread(fused.result, fused.fusion_input)
    maps = _measured(fused, settings, draws, spread)
    folder = output or Path(f"{result.name.split('.')[0]}-lines")
    written = [*save_line_maps(folder, maps, field.grid), *_figures(folder, maps)]
    rows = list(_summary(maps))
    if rows or as_json:  # bands alone have files alone
        print_rows(rows, as_json=as_json)
    if regions and settings.lines:
        measured = region_lines(
            fused.result,
            regions,
            settings,
            draws=draws,
            line_spread=spread,
            fusion_input=fused.fusion_input if is_corrected else None,
        )
        written.append(write_region_table(folder / "regions.csv", measured))
        if not as_json:
            print_rows(list(_region_rows(measured)))
    if not as_json:
        _tell(maps, f"{len(written)} files in {folder}")


def _tell(maps: xr.Dataset, written: str) -> None:
    if not maps.attrs["resolution_removed"]:
        say("the widths include the resolution: give --input to take it off", err=True)
    for sentence in _crooked(maps):
        say(sentence, err=True)
    say(written)


def _measured(
    fused: FusedCube, settings: Any, draws: Any, spread: np.ndarray | None
) -> xr.Dataset:
    shown = Progress(
        console=Console(stderr=True), transient=True, disable=draws is None
    )
    with shown as progress:
        task = progress.add_task("measuring draws", total=getattr(draws, "count", 0))
        return measure_lines(
            fused.result,
            settings,
            draws=draws,
            line_spread=spread,
            on_progress=lambda done, total: progress.update(
                task, completed=done, total=total
            ),
        )


def _figures(folder: Path, maps: xr.Dataset) -> Iterator[Path]:
    for name, stem in line_stems(maps).items():
        yield save_figure(plot_line_maps(maps, name), folder / f"{stem}.png")


def _crooked(maps: xr.Dataset) -> Iterator[str]:
    """Yield a sentence for each line whose side bands are no straight continuum."""
    for name in maps["line"].to_numpy() if "line" in maps.dims else ():
        line = maps.sel(line=name)
        is_shown = line["status"] == STATUS.index("measured")
        share = (line["continuum_error"] / line["flux"]).where(is_shown).median()
        if float(share) > LEAST_TOLD:
            yield (
                f"the side bands of {str(name)!r} are no straight continuum, which may "
                f"make its flux wrong by {float(share):.0%} (continuum_error): give "
                "side_bands_kev that are free of lines."
            )


def _summary(maps: xr.Dataset) -> Iterator[dict[str, Any]]:
    for name in maps["line"].to_numpy() if "line" in maps.dims else ():
        line = maps.sel(line=name)
        is_shown = line["status"] == STATUS.index("measured")
        yield {
            "line": str(name),
            "energy_kev": float(line["zero_energy"]),
            "pixels": int(is_shown.sum()),
            "of": int(is_shown.size),
            "pairs": int((is_shown & (line["components"] == 2)).sum()),
            "median_velocity_km_s": float(line["velocity"].where(is_shown).median()),
            "median_width_km_s": float(line["width"].where(is_shown).median()),
        }


def _region_rows(measured: xr.Dataset) -> Iterator[dict[str, Any]]:
    """Yield the velocity of each line in each region, where it means something."""
    for name, region in product(measured["line"].values, measured["region"].values):
        own = measured.sel(line=name, region=region)
        status = STATUS[int(own["status"])]
        is_shown = status == "measured"
        row: dict[str, Any] = {"line": str(name), "region": str(region)}
        row["status"] = status
        for quantity in ("velocity", "velocity_error", "width", "width_error"):
            if quantity in own:
                row[f"{quantity}_km_s"] = float(own[quantity]) if is_shown else np.nan
        yield row
