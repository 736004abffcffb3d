"""The two shapes that a term of the objective can have."""

from abc import ABC, abstractmethod

import numpy as np


class Smooth(ABC):
    """A differentiable function of an array."""

    @abstractmethod
    def value(self, x: np.ndarray) -> float:
        """Return ``f(x)``, summed in double precision."""

    @abstractmethod
    def gradient(self, x: np.ndarray) -> np.ndarray:
        """Return the gradient of ``f`` at `x`, of the shape of `x`."""


class Proximable(ABC):
    """A function whose proximal step is known."""

    @abstractmethod
    def value(self, x: np.ndarray) -> float:
        """Return ``f(x)``, summed in double precision."""

    @abstractmethod
    def prox(self, x: np.ndarray, step_size: float) -> np.ndarray:
        """Return ``argmin_z step_size f(z) + |z - x|^2 / 2``."""
