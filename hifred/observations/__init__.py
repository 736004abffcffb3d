"""Labelled data of one instrument and their forward model."""

from hifred.observations.fusion_input import FusionInput
from hifred.observations.observation import (
    background_of,
    build_observation,
    mask_of,
    redistribution_of,
    spatial_matrix_of,
)
from hifred.observations.observation_checks import check_observation

__all__ = [
    "FusionInput",
    "background_of",
    "build_observation",
    "check_observation",
    "mask_of",
    "redistribution_of",
    "spatial_matrix_of",
]
