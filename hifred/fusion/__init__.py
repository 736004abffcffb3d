"""The fusion of observations into one sky cube."""

from hifred.fusion.fusion import Fusion, fuse
from hifred.fusion.settings import FusionSettings, active_settings

__all__ = ["Fusion", "FusionSettings", "active_settings", "fuse"]
