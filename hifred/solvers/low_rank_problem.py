"""The objective of a fusion of low rank: ``Z = V W`` with ``V`` given."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, final

import numpy as np

from hifred.functionals.image_sparsity import ImageSparsity
from hifred.functionals.poisson import PoissonLikelihood


class QuadraticPenalty(Protocol):
    """A quadratic form of the images, (component, y, x), that is nowhere negative."""

    def value(self, x: np.ndarray) -> float:
        """Return half of ``<x, gradient(x)>``."""
        ...

    def gradient(self, x: np.ndarray) -> np.ndarray:
        """Return the gradient, of the shape of `x`: the Hessian times `x`."""
        ...

    def curvature(self, image_shape: tuple[int, int]) -> np.ndarray:
        """Return about the diagonal of the Hessian, for preconditioning.

        Of shape (y, x) where it is the same for all components, or (component, y, x).
        """
        ...


@final
@dataclass(frozen=True)
class LowRankProblem:
    r"""Minimise the divergences plus a penalty over ``W``, subject to ``V W >= 0``.

    Attributes
    ----------
    likelihoods : mapping of str to PoissonLikelihood
        One per instrument; their responses take images (component, y, x).
    basis : (energy, component) array
        Orthonormal spectra ``V``; their span holds a positive spectrum.
    start : (component, y, x) array
        Images with ``V W > 0`` everywhere.
    penalty : QuadraticPenalty, optional
    sparsity : ImageSparsity, optional
    """

    likelihoods: Mapping[str, PoissonLikelihood]
    basis: np.ndarray
    start: np.ndarray
    penalty: QuadraticPenalty | None = None
    sparsity: ImageSparsity | None = None

    @property
    def image_shape(self) -> tuple[int, int]:
        _, n_rows, n_columns = self.start.shape
        return n_rows, n_columns
