"""Labelled data of one instrument and their forward model."""

from hifred.observations.forward import build_responses
from hifred.observations.fusion_input import FusionInput
from hifred.observations.matching.kernels import (
    difference_kernel,
    kernel_sigmas,
    kernels_for,
)
from hifred.observations.moved import keep_old_names
from hifred.observations.observation import (
    background_of,
    build_observation,
    mask_of,
    redistribution_of,
    spatial_matrix_of,
)
from hifred.observations.observation_checks import check_observation
from hifred.observations.prediction import CountsModel, geometry_of, predicted_counts
from hifred.observations.response_check.check import check_responses
from hifred.observations.response_check.report import CheckRow, ResponseReport
from hifred.observations.sky import SkyGrid, build_sky_grid

__all__ = [
    "CheckRow",
    "CountsModel",
    "FusionInput",
    "ResponseReport",
    "SkyGrid",
    "background_of",
    "build_observation",
    "build_responses",
    "build_sky_grid",
    "check_observation",
    "check_responses",
    "difference_kernel",
    "geometry_of",
    "kernel_sigmas",
    "kernels_for",
    "mask_of",
    "predicted_counts",
    "redistribution_of",
    "spatial_matrix_of",
]

keep_old_names()
