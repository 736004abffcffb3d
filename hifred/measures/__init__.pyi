from .catalogue import MEASURES, Measure, measure_of
from .checks import (
    UndefinedMeasureError,
)
from .errors_of_flux import (
    ergas,
    nmse_db,
    relative_error,
)
from .fusion_measures import measure_fusion
from .names import (
    measure_meanings,
    measure_name,
)
from .poisson_deviance import (
    deviance,
    deviance_moments,
)
from .similarity import (
    acssim,
    ssim_maps,
)
from .spectral import (
    angular_distance,
    bright_pixels,
    mean_spectral_angle,
    spectral_angle,
)

__all__ = [
    "MEASURES",
    "Measure",
    "UndefinedMeasureError",
    "acssim",
    "angular_distance",
    "bright_pixels",
    "deviance",
    "deviance_moments",
    "ergas",
    "mean_spectral_angle",
    "measure_fusion",
    "measure_meanings",
    "measure_name",
    "measure_of",
    "nmse_db",
    "relative_error",
    "spectral_angle",
    "ssim_maps",
]
