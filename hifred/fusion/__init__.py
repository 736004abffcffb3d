"""The fusion of observations into one sky cube."""

from hifred.fusion import regularizers as regularizers  # registers them
from hifred.fusion.fusion import Fusion, fuse
from hifred.fusion.settings import (
    REGULARIZERS,
    FusionSettings,
    active_settings,
    known_settings,
    register,
)

__all__ = [
    "REGULARIZERS",
    "Fusion",
    "FusionSettings",
    "active_settings",
    "fuse",
    "known_settings",
    "register",
]
