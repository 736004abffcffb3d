"""Make the figures of the README: ``python workflows/readme_figures.py``."""

from pathlib import Path

from hifred.fusion import FusionSettings, fuse
from hifred.plots import plot_comparison
from hifred.simulation import simulate, simulation_settings

FOLDER = Path(__file__).parents[1] / "docs" / "images"
SIZE = {"shape": (33, 33), "n_energies": 240, "counts": 2e6}


def main() -> None:
    """Simulate a small remnant, fuse it, and draw it beside its data."""
    fusion_input = simulate(simulation_settings("gaussian_1kev_rebinned", SIZE))
    settings = FusionSettings(regularizer="guided")
    result = fuse(fusion_input.observations, settings)
    figure = plot_comparison(fusion_input.observations, result, fusion_input.truth)
    FOLDER.mkdir(exist_ok=True)
    figure.savefig(FOLDER / "comparison.png", dpi=90)


if __name__ == "__main__":
    main()
