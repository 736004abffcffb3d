"""Real Chandra data with a simulated Resolve-like partner, through the whole chain.

python workflows/real_instruments/run.py --case cube --data ../shared/data --out real
"""

from pathlib import Path

import click
import matplotlib.pyplot as plt
import numpy as np

from hifred.fusion import FusionSettings, fuse
from hifred.observations import check_responses
from hifred.observations.preparation.fusion_input import prepare_input
from hifred.observations.preparation.settings import read_preparation
from hifred.simulation.partner import simulate_partner
from hifred.store import save_fusion_input
from hifred.store.fits_export import export_fits

HERE = Path(__file__).parent


@click.command()
@click.option("--case", type=click.Choice(["cube", "events"]), default="cube")
@click.option("--data", type=click.Path(path_type=Path), default=Path("../shared/data"))
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("real_instruments")
)
@click.option("--seed", default=1)
def main(case: str, data: Path, out: Path, seed: int) -> None:
    """Simulate the partner, prepare, fuse, export and draw."""
    out.mkdir(parents=True, exist_ok=True)
    template = (HERE / f"{case}.toml").read_text(encoding="utf-8")
    (out / "prepare.toml").write_text(template.format(data=data.resolve()))
    settings = read_preparation(out / "prepare.toml")
    simulate_partner(settings, "acis", "resolve", np.random.default_rng(seed))
    fusion_input = prepare_input(settings)
    print(check_responses(fusion_input.observations))
    save_fusion_input(out / "input.zarr", fusion_input)
    result = fuse(fusion_input.observations, FusionSettings(regularizer="guided"))
    print(result.attrs["message"])
    export_fits(result, out / "fits", fusion_input=fusion_input)
    figure, axes = plt.subplots(1, 3, figsize=(12, 4), layout="constrained")
    counts = {name: o["counts"] for name, o in fusion_input.observations.items()}
    counts["fused"] = result["flux"]
    for axis, (name, cube) in zip(axes, counts.items(), strict=True):
        cube.sum(cube.dims[0]).plot.imshow(ax=axis, robust=True, cmap="magma")
        axis.set(title=name, aspect="equal")
    figure.savefig(out / "maps.png", dpi=120)
    plt.close(figure)


if __name__ == "__main__":
    main()
