"""Compare the trials of the quickstart: one figure per model, saved beside them.

python workflows/quickstart/compare.py quickstart
"""

from pathlib import Path

import click

from hifred.plots import plot_comparison
from hifred.store import open_fusion_input, open_results


@click.command()
@click.argument("directory", type=click.Path(exists=True, path_type=Path))
@click.option("--by", default="nmse_db", show_default=True, help="Measure to rank by.")
def compare(directory: Path, by: str) -> None:
    """Draw truth, both instruments and the best fusion of each model."""
    results = open_results(directory)
    best = results.best(by, n=1, each="model")
    for trial_id, row in best.iterrows():
        model = row["model"]
        found = open_fusion_input(directory / "inputs" / f"{model}.zarr")
        fused = results.trial(str(trial_id)).open()
        title = (
            f"{model}: {row['regularizer']}, mu {row['mu']:g}, rank {row['rank']:g} "
            f"({by} {row[by]:.2f})"
        )
        figure = plot_comparison(found.observations, fused, found.truth, title=title)
        path = directory / f"best_{model}.png"
        figure.savefig(path, dpi=150)
        click.echo(f"wrote {path}")


if __name__ == "__main__":
    compare()
