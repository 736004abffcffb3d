"""Time the explorer on a store of 200 full-size trials, and tell its memory.

Run with ``python -m benchmarks.explorer [N_TRIALS [N_PIXELS N_ENERGIES]]`` from the
project's root. All trials share one file by hard links, so that the store takes no
space; each is opened and read on its own all the same.
"""

import json
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil
import xarray as xr

from hifred.explore.explorer import Explorer
from hifred.observations import FusionInput
from hifred.plots.regions import Region
from hifred.store import save_fusion_input
from tests.made_up import STATES, labelled, make_observations, make_truth
from tests.shelves import make_trial, publish, shelf_of, trial_path


def make_table(n_trials: int) -> xr.Dataset:
    """Return a collected table of lrs trials over mu and rank, all done."""
    n_ranks = max(1, n_trials // 10)
    index = np.arange(n_trials)
    status_attrs = {
        "flag_values": np.arange(len(STATES), dtype="u1"),
        "flag_meanings": " ".join(STATES),
    }
    done = np.full(n_trials, STATES.index("done"), dtype="u1")
    return xr.Dataset(
        {
            "status": ("trial", done, status_attrs),
            "nmse_db": labelled(
                "trial", 20 + np.sin(index), "dB", "NMSE", direction="higher"
            ),
        },
        coords={
            "trial": [f"{i:012x}" for i in index],
            "model": ("trial", np.full(n_trials, "demo")),
            "regularizer": ("trial", np.full(n_trials, "lrs")),
            "mu": labelled("trial", 10.0 ** (index // n_ranks / 3), "1", "strength"),
            "rank": labelled("trial", 1.0 + index % n_ranks, "1", "rank"),
        },
    )


def make_store(folder: Path, table: xr.Dataset, n_pixels: int, n_energies: int) -> None:
    """Write one input and one trial, and link the others to it."""
    truth = make_truth((n_pixels, n_pixels), n_energies)
    fusion_input = FusionInput(make_observations(truth), truth)
    save_fusion_input(folder / "inputs" / "demo.zarr", fusion_input)
    first, *others = (str(trial) for trial in table["trial"].to_numpy())
    publish(folder, first, make_trial(fusion_input, 1))
    for trial in others:
        path = trial_path(folder, trial)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.hardlink_to(trial_path(folder, first))


def measure(folder: Path, table: xr.Dataset, n_clicks: int = 20) -> dict[str, float]:
    """Return seconds a click and the largest resident memory in MiB."""
    explorer = Explorer(shelf_of(folder, table))
    explorer.show()
    y, x = explorer.shelf.counts("demo")["imager"].y, explorer.maps.shared.x.end
    rng = np.random.default_rng(1)
    clicks = rng.uniform(-x, x, (n_clicks, 2))
    pixel = [_seconds(explorer.choose_region, Region.pixel(*c)) for c in clicks]
    field = Region((y[0], y[-1]), (-x, x))
    trials = rng.choice(table["trial"].to_numpy(), n_clicks, replace=False)
    chosen = [_seconds(explorer.choose_trial, str(trial)) for trial in trials]
    bands = [_seconds(explorer.choose_band, (0.6 + i / 99, 0.9)) for i in range(9)]
    memory = psutil.Process(os.getpid()).memory_info().rss / 2**20
    return {
        "click_pixel": float(np.median(pixel)),
        "click_pixel_worst": max(pixel),
        "drag_field": _seconds(explorer.choose_region, field),
        "choose_trial": float(np.median(chosen)),
        "choose_trial_worst": max(chosen),
        "choose_band": float(np.median(bands)),
        "memory_mib": memory,
    }


def _seconds(action, *arguments) -> float:
    started = time.process_time()
    action(*arguments)
    return time.process_time() - started


def main() -> None:
    """Print the CPU seconds and the memory as JSON."""
    given = tuple(int(text) for text in sys.argv[1:4])
    n_trials, n_pixels, n_energies = given + (200, 45, 2400)[len(given) :]
    table = make_table(n_trials)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        make_store(folder, table, n_pixels, n_energies)
        print(json.dumps(measure(folder, table), indent=2))


if __name__ == "__main__":
    main()
