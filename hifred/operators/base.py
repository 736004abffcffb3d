"""The shape that every linear map of the library has."""

from abc import ABC, abstractmethod

import numpy as np


class LinearOperator(ABC):
    """A linear map between arrays, with its exact transpose.

    Attributes
    ----------
    input_shape, output_shape : tuple of int
        Shapes that `apply` takes and returns; `adjoint` goes the other way.
    """

    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]

    @abstractmethod
    def apply(self, x: np.ndarray) -> np.ndarray:
        """Return ``A x``."""

    @abstractmethod
    def adjoint(self, y: np.ndarray) -> np.ndarray:
        """Return ``A^T y``."""
