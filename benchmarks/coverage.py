"""How often the errors of draws hold the truth: ``python -m benchmarks.coverage``.

Every sky is fused with `guided` and drawn with nothing chosen, scenes without the end
channels that `prepare` leaves out. The table has the shares (%) of band images, of
spectra of 3 x 3 pixels and of voxels, over bright pixels, whose truth lies within their
68 % and 95 % intervals. Two hours on one core for all; a file of rows keeps what is
done. ``--factor 10`` takes ten times the mu that is chosen, which must be told.
"""

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from benchmarks.distortions import Observations
from benchmarks.skies import Sky, observed, skies
from hifred.fusion import FusionSettings, fuse
from hifred.observations import without_end_channels
from hifred.posterior import posterior
from hifred.posterior.coverage import Coverage
from hifred.posterior.self_check import LEVELS

# From the quickest to the slowest.
MODELS = (
    "gaussian_1kev_rebinned",
    "realistic_1kev_rebinned",
    "gaussian_6kev",
    "gaussian_1kev",
)
SHARES = (0.1, 1.0)
READ = ("bands", "regions", "voxels")
COLUMNS = tuple(f"{name} {level}" for level in LEVELS for name in READ)
# 68 % intervals of band images that hold less, or more, than these (%) miss the aim.
LOWEST, HIGHEST = 58.0, 78.0
AUTOMATIC = {"regularizer": "guided"}
Row = dict[str, Any]


def all_skies(given: argparse.Namespace) -> list[Sky]:
    """Return the toy models with each share of their counts, then the scenes."""
    models = skies([], given.models, given.seeds)
    return [
        replace(sky, name=f"{sky.name}, counts x {share:g}", share=share)
        for share in given.shares
        for sky in models
    ] + skies(given.scenes, [], [])


def covered(sky: Sky, settings: Row, factor: float, n_draws: int) -> Row:
    """Return how often the intervals hold the truth of one sky, and what it took."""
    observations, truth = observed(sky)
    if sky.path:
        observations = without_end_channels(observations)
    started = time.process_time()
    result = fused(observations, FusionSettings.read(settings), factor)
    fitted = time.process_time()
    draws = posterior(result, observations, n_draws=n_draws, threads=1)
    drawn = time.process_time()
    shares = Coverage(truth, result["energy_edges"].to_numpy()).of(draws)
    return {
        "sky": sky.name,
        "settings": settings,
        "factor": factor,
        "n_draws": n_draws,
        "rank": result.sizes["component"],
        "fit_cpu_s": fitted - started,
        "draws_cpu_s": drawn - fitted,
        "outcome": result.attrs["outcome"],
        "told": list(draws.check.warnings),
        **{f"{n} {level}": 100 * shares[n][level] for n in READ for level in LEVELS},
    }


def fused(
    observations: Observations, settings: FusionSettings, factor: float
) -> xr.Dataset:
    """Return a fusion with so many times the strength that it chooses."""
    result = fuse(observations, settings, threads=1)
    if factor == 1:
        return result
    strength = factor * float(result["chosen_mu"])
    settings = settings.changed(mu=strength, rank=int(result["chosen_rank"]))
    return fuse(observations, settings, threads=1)


def summary(rows: Sequence[Row]) -> str:
    """Return a Markdown table with means, and which band images miss the aim."""
    means = {column: np.mean([row[column] for row in rows]) for column in COLUMNS}
    mean = means | {"sky": f"mean of {len(rows)}", "rank": "", "told": [" "]}
    lines = ["sky | rank | " + " | ".join(COLUMNS) + " | told", "--- |" * 8 + " ---"]
    lines += [_line(row) for row in (*rows, mean)]
    missed = [r["sky"] for r in rows if not LOWEST <= r["bands 68"] <= HIGHEST]
    outside = f"outside {LOWEST:.0f} to {HIGHEST:.0f} %: {'; '.join(missed) or 'none'}"
    table = "\n".join(f"| {line} |" for line in lines)
    return f"{table}\n\n68 % intervals of band images {outside}"


def _line(row: Row) -> str:
    shares = (f"{row[column]:.1f}" for column in COLUMNS)
    told = " ".join(row["told"]) or "nothing"
    return " | ".join([row["sky"], str(row["rank"]), *shares, told])


def main(arguments: list[str] | None = None) -> None:
    """Read the command line, fit and draw one sky after the other, print the table."""
    given = _parser().parse_args(arguments)
    lines = given.rows.read_text().splitlines() if given.rows.exists() else []
    rows: list[Row] = [json.loads(line) for line in lines]
    wanted = given.settings, given.factor
    done = [row["sky"] for row in rows if (row["settings"], row["factor"]) == wanted]
    for sky in all_skies(given):
        if sky.name not in done:
            rows.append(covered(sky, *wanted, given.draws))
            with given.rows.open("a") as file:
                file.write(json.dumps(rows[-1]) + "\n")
    print(summary([r for r in rows if (r["settings"], r["factor"]) == wanted]))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", nargs="*", type=Path, default=None)
    parser.add_argument("--models", nargs="*", default=MODELS)
    parser.add_argument("--seeds", nargs="*", type=int, default=[1, 2, 3])
    parser.add_argument("--shares", nargs="*", type=float, default=SHARES)
    parser.add_argument("--settings", type=json.loads, default=AUTOMATIC)
    parser.add_argument("--factor", type=float, default=1.0, help="of the chosen mu")
    parser.add_argument("--draws", type=int, default=24)
    parser.add_argument("--rows", type=Path, default=Path("coverage.jsonl"))
    return parser


if __name__ == "__main__":
    main()
