"""Starlet transforms and spectral subspaces."""

from hifred.transforms.starlet import Starlet1D, Starlet2D, Starlet2D1D
from hifred.transforms.threads import use_threads

__all__ = ["Starlet1D", "Starlet2D", "Starlet2D1D", "use_threads"]
