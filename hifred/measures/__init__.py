"""How good an estimate is, with or without the truth."""

from hifred.measures.checks import UndefinedMeasureError
from hifred.measures.deviance import deviance, deviance_moments
from hifred.measures.errors_of_flux import ergas, nmse_db, relative_error
from hifred.measures.fusion_measures import (
    MEASURES,
    Measure,
    measure_fusion,
    measure_of,
)
from hifred.measures.names import measure_meaning, measure_name
from hifred.measures.similarity import acssim, ssim_maps
from hifred.measures.spectral import (
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
    "measure_meaning",
    "measure_name",
    "measure_of",
    "nmse_db",
    "relative_error",
    "spectral_angle",
    "ssim_maps",
]
