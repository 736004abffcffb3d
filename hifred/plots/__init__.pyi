from .averaging import (
    plot_averaging,
)
from .comparison import (
    brightest_pixel,
    comparison_layers,
    plot_comparison,
)
from .costs import (
    plot_cost_terms,
    plot_costs,
)
from .error_maps import (
    plot_angular_distance,
    plot_error_histograms,
    plot_error_maps,
)
from .heatmaps import (
    plot_measure_grid,
)
from .layers import (
    Layer,
    Spectrum,
    counts_layer,
    counts_layers,
    flux_layer,
    fusion_layer,
    truth_layer,
)
from .line_maps import (
    plot_line_maps,
)
from .maps import (
    plot_maps,
    shared_band,
)
from .measure_curves import (
    plot_measure_curves,
)
from .mixing import (
    plot_elsewhere,
    plot_shares,
)
from .parallel import (
    plot_parallel_coordinates,
)
from .pixel_shares import (
    plot_pixel_shares,
)
from .quick_look import (
    plot_files,
)
from .regions import (
    Region,
)
from .residuals import (
    plot_residuals,
)
from .sky_regions import (
    plot_sky_regions,
)
from .spectra import (
    plot_spectra,
)
from .standard_errors import (
    plot_standard_errors,
)
from .trial_grid import (
    measures_of,
    trials_of,
)

__all__ = [
    "Layer",
    "Region",
    "Spectrum",
    "brightest_pixel",
    "comparison_layers",
    "counts_layer",
    "counts_layers",
    "flux_layer",
    "fusion_layer",
    "measures_of",
    "plot_angular_distance",
    "plot_averaging",
    "plot_comparison",
    "plot_cost_terms",
    "plot_costs",
    "plot_elsewhere",
    "plot_error_histograms",
    "plot_error_maps",
    "plot_files",
    "plot_line_maps",
    "plot_maps",
    "plot_measure_curves",
    "plot_measure_grid",
    "plot_parallel_coordinates",
    "plot_pixel_shares",
    "plot_residuals",
    "plot_shares",
    "plot_sky_regions",
    "plot_spectra",
    "plot_standard_errors",
    "shared_band",
    "trials_of",
    "truth_layer",
]
