"""Guided fusions that choose for themselves, beside the best by truth.

``python -m benchmarks.acceptance [--scenes FILE ...] [--models NAME ...] [--seeds N
...]`` fits every sky with `guided`, everything automatic, and looks for the best mu and
rank by truth of `guided` and of `lrs`; an hour on two cores for all of them.
"""

import argparse
import json
import os
import tempfile
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks.climb import Climb, Point
from benchmarks.skies import Sky, fitted, prepare, skies
from benchmarks.summary import summary

# The grids of the best by truth: every power of ten and its half for `lrs`, around the
# automatic choice for `guided`.
STRENGTHS = (1e-6, 3e-6, 1e-5, 3e-5, 1e-4, 3e-4, 1e-3)
RANKS = (10, 20, 30)
FACTORS = (0.1, 0.18, 0.3, 0.55, 1.0, 1.8, 3.0, 5.5, 10.0)
GUIDED_RANKS = (5, 10, 15, 20, 25, 30, 35)
# Where most skies have their best.
START = 3e-5, 20
AUTOMATIC = {"regularizer": "guided"}


class Fits:
    """Fits in processes of one thread; those in a file of rows are not repeated."""

    def __init__(self, pool: ProcessPoolExecutor, folder: Path, rows: Path) -> None:
        self._pool, self._folder, self._path = pool, folder, rows
        lines = rows.read_text().splitlines() if rows.exists() else []
        self.rows: list[dict[str, Any]] = [json.loads(line) for line in lines]

    def submit(self, sky: Sky, settings: dict[str, Any]) -> Future:
        """Return the row of one fit, as it comes."""
        for row in self.rows:
            if row["sky"] == sky.name and row["settings"] == settings:
                done: Future = Future()
                done.set_result(row)
                return done
        return self._pool.submit(fitted, sky, self._folder, settings)

    def keep(self, row: dict[str, Any]) -> None:
        """Write a row that has come, once."""
        if row not in self.rows:
            self.rows.append(row)
            with self._path.open("a") as file:
                file.write(json.dumps(row) + "\n")


class Acceptance:
    """What is still to be fitted, and what follows from each fit."""

    def __init__(self, fits: Fits, tolerance: float) -> None:
        self._fits, self._tolerance = fits, tolerance
        self._running: dict[Future, Callable[[dict[str, Any]], None]] = {}

    def fit(self, sky: Sky) -> None:
        """Fit a sky automatically."""
        self._request(sky, AUTOMATIC, lambda row: None)

    def choose(self, sky: Sky) -> None:
        """Fit a sky automatically, then look for better choices around that one."""
        self._request(sky, AUTOMATIC, lambda row: self.climb(_around(row), sky))

    def climb(self, climb: Climb, sky: Sky) -> None:
        """Fit what a climb must know next, if there is anything."""
        for point in climb.missing():
            settings = {"regularizer": climb.regularizer, "tolerance": self._tolerance}
            settings |= {"mu": point[0], "rank": point[1]}
            self._request(sky, settings, partial(self._climbed, climb, sky, point))

    def _climbed(self, climb: Climb, sky: Sky, point: Point, row: dict) -> None:
        if climb.learn(point, row["nmse_db"]):
            self.climb(climb, sky)

    def _request(self, sky: Sky, settings: dict[str, Any], then: Callable) -> None:
        self._running[self._fits.submit(sky, settings)] = then

    def run(self) -> None:
        """Wait for all fits and for those that follow from them."""
        while self._running:
            for future in wait(self._running, return_when=FIRST_COMPLETED).done:
                row = future.result()
                self._fits.keep(row)
                self._running.pop(future)(row)


def _around(row: dict[str, Any]) -> Climb:
    """Return the climb of `guided` from its automatic choice."""
    mu, rank = row["chosen_mu"], int(row["chosen_rank"])
    strengths = tuple(f * mu for f in FACTORS)
    ranks = tuple(sorted({*GUIDED_RANKS, rank}))
    return Climb("guided", strengths, ranks, (mu, rank), row["nmse_db"])


def main(arguments: list[str] | None = None) -> None:
    """Read the command line, fit, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", nargs="*", type=Path, default=None)
    parser.add_argument("--models", nargs="*", default=None)
    parser.add_argument("--seeds", nargs="*", type=int, default=[1, 2, 3])
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--tolerance", type=float, default=1e-3, help="of the grids")
    parser.add_argument("--rows", type=Path, default=Path("acceptance.jsonl"))
    given = parser.parse_args(arguments)
    os.environ |= {"NUMBA_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    everything = skies(given.scenes, given.models, given.seeds)
    with (
        tempfile.TemporaryDirectory() as folder,
        ProcessPoolExecutor(given.processes, get_context("spawn")) as pool,
    ):
        list(pool.map(prepare, everything, [Path(folder)] * len(everything)))
        fits = Fits(pool, Path(folder), given.rows)
        acceptance = Acceptance(fits, given.tolerance)
        for sky in everything:
            acceptance.choose(sky)
        for sky in everything:
            acceptance.climb(Climb("lrs", STRENGTHS, RANKS, START), sky)
        acceptance.run()
    print(summary(fits.rows))


if __name__ == "__main__":
    main()
