"""Starlet transforms and spectral subspaces."""

from hifred.threads import use_threads
from hifred.transforms.starlet import Starlet1D, Starlet2D, Starlet2D1D

__all__ = ["Starlet1D", "Starlet2D", "Starlet2D1D", "use_threads"]
