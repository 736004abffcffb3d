"""Run the quickstart and compare its trials: one figure per model, saved beside them.

python workflows/quickstart/compare.py quickstart

All in one process, since each that starts waits for its imports; figures are drawn when
the results are newer.
"""

from pathlib import Path

import click

from hifred.cli import hifred
from hifred.store import open_fusion_input, open_results

SWEEP = Path(__file__).with_name("sweep.toml")
BEST = "-n 3 --each model --columns asam,acssim,ergas"


@click.command()
@click.argument("directory", type=click.Path(path_type=Path))
@click.option("--by", default="nmse_db", show_default=True, help="Measure to rank by.")
def compare(directory: Path, by: str) -> None:
    """Run, collect and rank; then draw the best fusion of each model."""
    command("run", str(SWEEP), "--directory", str(directory))
    command("collect", str(directory))
    command("best", str(directory), "--by", by, *BEST.split())
    collected = (directory / "results" / "CURRENT").stat().st_mtime
    figures = list(directory.glob("best_*.png"))
    if not figures or min(path.stat().st_mtime for path in figures) < collected:
        draw(directory, by)


def command(*words: str) -> None:
    """Run a command of hifred; end as it does if it fails."""
    try:
        hifred.main(list(words), standalone_mode=False)
    except SystemExit as end:
        if end.code:
            raise


def draw(directory: Path, by: str) -> None:
    """Draw truth, both instruments and the best fusion of each model."""
    # Not above: workers import this file, too, and a second call draws nothing.
    from hifred.plots import plot_comparison

    results = open_results(directory)
    best = results.best(by, n=1, each="model")
    for trial_id, row in best.iterrows():
        model = row["model"]
        found = open_fusion_input(directory / "inputs" / f"{model}.zarr")
        fused = results.trial(str(trial_id)).open()
        title = (
            f"{model}: {row['regularizer']}, mu {setting(row['mu'])}, "
            f"rank {setting(row['rank'])} ({by} {row[by]:.2f})"
        )
        figure = plot_comparison(found.observations, fused, found.truth, title=title)
        path = directory / f"best_{model}.png"
        figure.savefig(path, dpi=150)
        click.echo(f"wrote {path}")


def setting(value: float | str) -> str:
    """Return a number, or the word that stands for one."""
    return value if isinstance(value, str) else f"{value:g}"


if __name__ == "__main__":
    compare()
