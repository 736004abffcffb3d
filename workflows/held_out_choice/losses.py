"""Print the dB of NMSE that settings chosen without the truth lose against the best.

python workflows/held_out_choice/losses.py runs/held-out-choice

Measured over four models and five seeds, 20 cases each, dB:

                          median   mean   above 0.5 dB   largest
lrs    held_out_error      0.01    0.04    0              0.32
       held_out_deviance   0.00    0.10    1              0.64
       held_out, both      0.00    0.05    0              0.31
lrw2d  held_out_error      0.17    0.32    5              1.58
       held_out_deviance   0.03    0.54    6              2.73
       held_out, both      0.00    0.22    4              1.33
w2d1d  held_out_error      0.00    0.03    0              0.37
       held_out_deviance   0.00    0.19    5              0.81
       held_out, both      0.00    0.04    1              0.79

Of the means over five seeds of a model and regularizer the largest is 0.73 dB by the
error, 1.82 dB by the deviance and 0.33 dB by both. More splits than the two of
sweep.toml help both together where they lose most: with five, lrw2d loses 0.15 dB in
the mean and at most 0.86, three cases above 0.5 dB.
"""

from pathlib import Path

import click
import pandas as pd
from rich.console import Console
from rich.table import Table

from hifred.store import open_results
from hifred.store.held_out_rank import BOTH, SCORES, held_out_rank


def losses(frame: pd.DataFrame, score: str) -> pd.DataFrame:
    """Return the loss in dB of every model, regularizer and seed (columns).

    The seed is the end of the model's name.
    """
    done = frame[frame["status"] == "done"]
    if score == BOTH:
        ranks = [held_out_rank(some) for _, some in done.groupby("regularizer")]
        done = done.assign(**{BOTH: pd.concat(ranks)})
    names = done["model"].str.rsplit("_", n=1, expand=True)
    done = done.assign(model=names[0], seed=names[1].astype(int))
    groups = done.groupby(["model", "regularizer", "seed"])
    best = groups["nmse_db"].max()
    chosen = done.loc[groups[score].idxmin(), "nmse_db"].set_axis(best.index)
    return (best - chosen).unstack("seed")


def print_losses(found: pd.DataFrame, title: str, console: Console) -> None:
    """Print a row per model and regularizer, a column per seed, and the largest."""
    seeds = [f"seed {seed}" for seed in found.columns]
    table = Table("model", "regularizer", *seeds, "largest", title=title)
    for (model, regularizer), row in found.iterrows():
        cells = [f"{loss:.2f}" for loss in (*row, row.max())]
        table.add_row(model, regularizer, *cells)
    console.print(table)


@click.command()
@click.argument("directory", type=click.Path(exists=True, path_type=Path))
def main(directory: Path) -> None:
    """Print the losses of each score, and of both together, in a collected sweep."""
    frame = open_results(directory).table()
    for score in (*SCORES, BOTH):
        title = f"dB lost by the smallest {score}"
        print_losses(losses(frame, score), title, Console(width=110))


if __name__ == "__main__":
    main()
