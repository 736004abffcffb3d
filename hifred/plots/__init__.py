"""Figures in one visual language."""

from hifred.plots.comparison import (
    brightest_pixel,
    comparison_layers,
    plot_comparison,
)
from hifred.plots.costs import plot_cost_terms, plot_costs
from hifred.plots.error_maps import (
    plot_angular_distance,
    plot_error_histograms,
    plot_error_maps,
)
from hifred.plots.heatmaps import plot_measure_grid
from hifred.plots.layers import (
    Layer,
    Spectrum,
    counts_layer,
    flux_layer,
    fusion_layer,
    truth_layer,
)
from hifred.plots.maps import plot_maps, shared_band
from hifred.plots.measure_curves import plot_measure_curves
from hifred.plots.parallel import plot_parallel_coordinates
from hifred.plots.regions import Region
from hifred.plots.residuals import plot_residuals
from hifred.plots.spectra import plot_spectra
from hifred.plots.trial_grid import trials_of

__all__ = [
    "Layer",
    "Region",
    "Spectrum",
    "brightest_pixel",
    "comparison_layers",
    "counts_layer",
    "flux_layer",
    "fusion_layer",
    "plot_angular_distance",
    "plot_comparison",
    "plot_cost_terms",
    "plot_costs",
    "plot_error_histograms",
    "plot_error_maps",
    "plot_maps",
    "plot_measure_curves",
    "plot_measure_grid",
    "plot_parallel_coordinates",
    "plot_residuals",
    "plot_spectra",
    "shared_band",
    "trials_of",
    "truth_layer",
]
