"""What a fusion makes of an imager with something wrong, and whether the check says so.

``python -m benchmarks.robustness [--scenes FILE ...] [--distortions NAME ...]`` cuts
the middle out of every sky, distorts it, and prints what `check_responses` finds wrong
and, where that is nothing, `guided` with nothing chosen beside the best `lrs` by truth
of the same counts.
"""

import argparse
import os
import pickle
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from benchmarks.acceptance import RANKS, STRENGTHS, Acceptance, Fits
from benchmarks.climb import Climb
from benchmarks.distortions import DISTORTIONS
from benchmarks.skies import Sky, prepare, skies
from benchmarks.summary import Row, best_of, is_automatic
from hifred.observations import check_responses

# Where most distorted skies have their best, of more strengths: they need more.
START = 1e-4, 10
STRONGER = (3e-3, 1e-2, 3e-2, 1e-1)
HEAD = "| sky | best lrs, dB | guided, dB | gain, dB | the check says |"


def main(arguments: list[str] | None = None) -> None:
    """Read the command line, check, fit, and print the table."""
    given = _parser().parse_args(arguments)
    os.environ |= {"NUMBA_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    bad = [
        replace(sky, name=f"{sky.name}, {what}", side=given.side, distortion=what)
        for sky in skies(given.scenes, given.models, given.seeds)
        for what in given.distortions
    ]
    with (
        tempfile.TemporaryDirectory() as name,
        ProcessPoolExecutor(given.processes, get_context("spawn")) as pool,
    ):
        folder = Path(name)
        told = list(pool.map(partial(checked, folder=folder), bad))
        fits = Fits(pool, folder, given.rows)
        silent = [sky for sky, wrong in zip(bad, told, strict=True) if not wrong]
        fit_all(Acceptance(fits, given.tolerance), bad if given.all else silent)
    print(HEAD, "| --- " * HEAD.count(" | ") + "| --- |", sep="\n")
    for sky, wrong in zip(bad, told, strict=True):
        print(line(sky.name, [r for r in fits.rows if r["sky"] == sky.name], wrong))


def checked(sky: Sky, folder: Path) -> str:
    """Write a sky, to be read by each fit; return the figures that are wrong."""
    prepare(sky, folder)
    observations, _ = pickle.loads((folder / sky.name).read_bytes())
    rows = check_responses(observations).rows
    return ", ".join(row.name for row in rows if not row.is_ok)


def fit_all(acceptance: Acceptance, skies: list[Sky]) -> None:
    """Fit every sky automatically and with `lrs` of the best strength and rank."""
    for sky in skies:
        acceptance.fit(sky)
        acceptance.climb(Climb("lrs", STRENGTHS + STRONGER, RANKS, START), sky)
    acceptance.run()


def line(name: str, rows: list[Row], wrong: str) -> str:
    """Return one line of the table; figures are those of skies that were fitted."""
    figures = " | | "
    if rows:
        smooth = best_of(rows, "lrs")["nmse_db"]
        chosen = next(row["nmse_db"] for row in rows if is_automatic(row))
        figures = f"{smooth:.2f} | {chosen:.2f} | {chosen - smooth:+.2f}"
    return f"| {name} | {figures} | {wrong or 'nothing'} |"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", nargs="*", type=Path, default=None)
    parser.add_argument("--models", nargs="*", default=[])
    parser.add_argument("--seeds", nargs="*", type=int, default=[1])
    parser.add_argument("--side", type=int, default=27, help="sky pixels, 0 for all")
    parser.add_argument("--distortions", nargs="*", default=list(DISTORTIONS))
    parser.add_argument("--all", action="store_true", help="fit what is told, too")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--tolerance", type=float, default=1e-3, help="of the grids")
    parser.add_argument("--rows", type=Path, default=Path("robustness.jsonl"))
    return parser


if __name__ == "__main__":
    main()
