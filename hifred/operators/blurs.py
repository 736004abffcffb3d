"""Images as one blur or several show them."""

from collections.abc import Sequence
from functools import cached_property
from typing import Self, final

import numpy as np

from hifred.operators.matrix import Matrix


@final
class Blurs:
    r"""Matrices that map the same images, each to rows of its own.

    .. math:: S(W) = [W K_1^T; W K_2^T; \dots]

    Parameters
    ----------
    matrices : sequence of Matrix
        The :math:`K`, of one shape.
    """

    def __init__(self, matrices: Sequence[Matrix]) -> None:
        self.matrices = list(matrices)

    def gather(self, images: np.ndarray) -> np.ndarray:
        """Return ``S(W)``, (matrices x component, instrument pixel)."""
        parts = [k.apply_rows(images) for k in self.matrices]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def spread(self, gathered: np.ndarray) -> np.ndarray:
        """Return ``S^T`` of an array shaped as `gather` returns, (component, pixel)."""
        if len(self.matrices) == 1:
            return self.matrices[0].adjoint_rows(gathered)
        parts = np.split(gathered, len(self.matrices))
        total = self.matrices[0].adjoint_rows(parts[0])
        for k, part in zip(self.matrices[1:], parts[1:], strict=True):
            total = total + k.adjoint_rows(part)
        return total

    @cached_property
    def single(self) -> Self:
        """Return the same with entries in single precision."""
        return type(self)([k.astype(np.float32) for k in self.matrices])
