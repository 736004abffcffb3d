"""The shape of a term of the objective that has a gradient."""

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
