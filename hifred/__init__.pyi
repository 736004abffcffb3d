from . import (
    errors,
    explore,
    functionals,
    fusion,
    measures,
    mixing,
    observations,
    operators,
    plots,
    posterior,
    products,
    regions,
    report,
    selection,
    settings,
    simulation,
    solvers,
    spectra,
    store,
    sweep,
    transforms,
)
from .errors import HifredError
from .fusion import Fusion, FusionSettings, fuse
from .measures import measure_fusion
from .observations import (
    FusionInput,
    check_responses,
    predicted_counts,
    without_end_channels,
)
from .observations.preparation import prepare_input, read_preparation
from .posterior import Draws
from .products import band_ratio, measure_lines, moment_map, read_lines
from .regions import read_regions, write_regions
from .report import write_report
from .simulation import simulate, simulate_model, simulation_settings
from .spectra import write_spectra
from .store import (
    Results,
    open_fusion_input,
    open_results,
    open_trial,
    read_draws,
    save_draws,
    save_fusion_input,
)
from .store.fits_export import export_fits
from .sweep import collect, declare, plan_sweep, read_declaration, run_sweep, snapshot

__all__ = [
    "Draws",
    "Fusion",
    "FusionInput",
    "FusionSettings",
    "HifredError",
    "Results",
    "band_ratio",
    "check_responses",
    "collect",
    "declare",
    "errors",
    "explore",
    "export_fits",
    "functionals",
    "fuse",
    "fusion",
    "measure_fusion",
    "measure_lines",
    "measures",
    "mixing",
    "moment_map",
    "observations",
    "open_fusion_input",
    "open_results",
    "open_trial",
    "operators",
    "plan_sweep",
    "plots",
    "posterior",
    "predicted_counts",
    "prepare_input",
    "products",
    "read_declaration",
    "read_draws",
    "read_lines",
    "read_preparation",
    "read_regions",
    "regions",
    "report",
    "run_sweep",
    "save_draws",
    "save_fusion_input",
    "selection",
    "settings",
    "simulate",
    "simulate_model",
    "simulation",
    "simulation_settings",
    "snapshot",
    "solvers",
    "spectra",
    "store",
    "sweep",
    "transforms",
    "without_end_channels",
    "write_regions",
    "write_report",
    "write_spectra",
]
__version__: str
