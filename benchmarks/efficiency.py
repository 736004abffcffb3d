"""Trials a second of a sweep with several workers, against one worker."""

import multiprocessing
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import xarray as xr

from benchmarks.cubes import published, simulated
from hifred.fusion import FusionSettings, fuse
from hifred.observations import FusionInput
from hifred.store import save_fusion_input
from hifred.sweep.driver.run import run_sweep
from hifred.sweep.plan.declaration import declare
from hifred.sweep.record.event_log import EventReader


def run(case: dict[str, Any]) -> dict[str, Any]:
    """Return trials a second with 1 and with ``workers``, and their efficiency.

    A shared machine drifts by more than what is looked for: there are several short
    rounds, and every other one runs backwards. Every worker gets ``trials`` fusions of
    the same work. The same fusions in processes that nothing drives show what the
    machine itself loses when its cores are all at work.
    """
    data = case["data"]
    observations = published() if data == "published" else simulated(**data)
    cells = [
        (rate, n)
        for rate in (_rate, _rate_without_engine)
        for n in (1, case["workers"])
    ]
    rounds = []
    for number in range(case["rounds"]):
        order = reversed(cells) if number % 2 else cells
        found = {(rate, n): rate(case, observations, n) for rate, n in order}
        rounds.append([found[cell] for cell in cells])
    one, several, *without = zip(*rounds, strict=True)
    return {
        "outcome": "done",
        "rounds": rounds,
        "trials_per_s_1": mean(one),
        "trials_per_s": mean(several),
        **_efficiency("efficiency", one, several, case["workers"]),
        **_efficiency("machine_efficiency", *without, case["workers"]),
    }


def _efficiency(
    name: str, one: Sequence[float], several: Sequence[float], n_workers: int
) -> dict[str, float]:
    """Return the mean efficiency of the rounds and its standard error."""
    found = [b / (n_workers * a) for a, b in zip(one, several, strict=True)]
    error = stdev(found) / len(found) ** 0.5 if len(found) > 1 else float("nan")
    return {name: mean(found), f"{name}_error": error}


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


def _rate_without_engine(
    case: dict[str, Any], observations: dict[str, xr.Dataset], n_workers: int
) -> float:
    """Return fusions a second of `n_workers` processes that nothing drives."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(n_workers, mp_context=spawn) as pool:
        tasks = [pool.submit(_fuse, case, observations) for _ in range(n_workers)]
        return steady_rate({str(i): task.result() for i, task in enumerate(tasks)})


def _fuse(case: dict[str, Any], observations: dict[str, xr.Dataset]) -> list[float]:
    """Return when each of ``trials`` fusions, one after the other, was done, s."""
    finished = []
    for _ in range(case["trials"]):
        settings = FusionSettings.read(case["settings"])
        fuse(observations, settings, threads=case["threads"])
        finished.append(time.time())
    return finished


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
