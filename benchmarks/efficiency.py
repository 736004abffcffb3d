"""Trials a second of a sweep with several workers, against one worker."""

import tempfile
from collections import defaultdict
from pathlib import Path
from statistics import median
from typing import Any

import xarray as xr

from benchmarks.cubes import published, simulated
from hifred.observations import FusionInput
from hifred.store import save_fusion_input
from hifred.sweep.declaration import declare
from hifred.sweep.events import EventReader
from hifred.sweep.run import run_sweep


def run(case: dict[str, Any]) -> dict[str, Any]:
    """Return trials a second with 1 and with ``workers``, and their efficiency.

    Each round measures 1 worker, then all, so that a machine that slows down on the
    way does not decide. Every worker gets ``trials`` fusions of the same work.
    """
    data = case["data"]
    observations = published() if data == "published" else simulated(**data)
    rounds = [
        [_rate(case, observations, n) for n in (1, case["workers"])]
        for _ in range(case["rounds"])
    ]
    one, several = (median(column) for column in zip(*rounds, strict=True))
    return {
        "outcome": "done",
        "rounds": rounds,
        "trials_per_s_1": one,
        "trials_per_s": several,
        "efficiency": median(b / (case["workers"] * a) for a, b in rounds),
    }


def _rate(
    case: dict[str, Any], observations: dict[str, xr.Dataset], n_workers: int
) -> float:
    """Return trials a second of `n_workers`, in a sweep of its own."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "observations.zarr"
        save_fusion_input(source, FusionInput(observations, None, {}))
        # The seed makes trials of the same work differ.
        seeds = list(range(n_workers * case["trials"]))
        grid = {**case["settings"], "seed": seeds}
        declaration = declare("efficiency", {"model": source}, grid)
        sweep = Path(folder) / "sweep"
        report = run_sweep(
            declaration, directory=sweep, workers=n_workers, threads=case["threads"]
        )
        if report.exit_code:
            raise RuntimeError(f"{report.snapshot.counts}: {report.snapshot.errors}")
        return steady_rate(_finish_times(sweep))


def _finish_times(sweep: Path) -> dict[str, list[float]]:
    """Return when each worker finished its trials, s."""
    found: dict[str, list[float]] = defaultdict(list)
    for event in EventReader(sweep / "events").new_events():
        if event["event"] == "finished":
            found[event["writer"]].append(event["time"])
    return found


def steady_rate(finished: dict[str, list[float]]) -> float:
    """Return trials a second while every worker was at work.

    Counted from the moment when all have finished their first trial, which starts the
    process and loads what is compiled, to the one when the first of them ends its last.

    Parameters
    ----------
    finished : mapping of str to list of float
        When each worker finished its trials, s.
    """
    begin = max(min(times) for times in finished.values())
    end = min(max(times) for times in finished.values())
    rate = 0.0
    for worker, times in finished.items():
        inside = sorted(time for time in times if begin <= time <= end)
        if len(inside) < 2:
            raise ValueError(f"{worker} must finish more trials to be timed.")
        rate += (len(inside) - 1) / (inside[-1] - inside[0])
    return rate
