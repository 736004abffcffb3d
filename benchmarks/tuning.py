"""What a search misses: python -m benchmarks.tuning [SIZE [MODEL ...]]."""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from hifred.store.ranking import ranked_trials
from hifred.sweep.driver.run import run_sweep
from hifred.sweep.driver.tuning import tune_sweep
from hifred.sweep.plan.declaration import Declaration, declare
from hifred.sweep.plan.grid_search import Search
from hifred.sweep.watch.collecting import finished_table
from hifred.sweep.watch.snapshot import SweepView

MODELS = (
    "gaussian_1kev_rebinned", "realistic_1kev_rebinned", "gaussian_6kev",
    "gaussian_1kev",
)  # fmt: skip
SEEDS = (1, 2, 3)
GRID = {"regularizer": "lrs", "mu": {"logspace": [1e-6, 1e-3, 13]},
        "rank": [3, 5, 8, 12]}  # fmt: skip
BY = "nmse_db"


def declared(size: int, models: Sequence[str]) -> Declaration:
    """Return a grid over the toy models, `size` pixels wide."""
    inputs = {
        f"{model}-{seed}": {
            "simulate": {
                "model": model, "seed": seed, "shape": [size, size],
                "n_energies": 10 * size, "counts": 2e4 * size,
            }
        }
        for model in models
        for seed in SEEDS
    }  # fmt: skip
    return declare("tuning", inputs, GRID)


def main(size: int = 18, *models: str) -> None:
    """Search a quarter of each grid, then compute all of it, and print the loss."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "tuning"
        search = tune_sweep(
            declared(size, models or MODELS), Search(by=BY), directory=root
        )
        run_sweep(root)
        table = finished_table(SweepView(root))
        for model, found in search.scores.items():
            best = ranked_trials(table.select({"model": model}), BY)[0]
            whole = float(table.frame.loc[best, BY])
            print(f"{model:28s} whole grid {whole:6.2f} search {found:6.2f} dB "
                  f"loss {whole - found:5.2f}", flush=True)  # fmt: skip
        share = search.n_done / search.n_declared
        print(
            f"{search.n_done} of {search.n_declared} trials, {share:.0%} of each grid"
        )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]), *sys.argv[2:])
