"""Shares of the Hessian, collected from likelihoods, constraints and penalties."""

from collections.abc import Callable
from functools import reduce
from typing import final

import numpy as np

from hifred.operators.blurs import Blurs
from hifred.solvers.block_hessian import BlockHessian
from hifred.solvers.counts_term import CountsTerm


@final
class HessianParts:
    """Collects the shares of one Newton system."""

    def __init__(self, n_components: int, n_pixels: int) -> None:
        self._local = np.zeros((n_components, n_components, n_pixels))
        self._terms: list[tuple[Blurs, np.ndarray]] = []
        self._remainders: list[Callable[[np.ndarray], np.ndarray]] = []
        self._diagonal = np.zeros((n_components, n_pixels))

    def add_counts(self, term: CountsTerm, weights: np.ndarray) -> None:
        """Add an instrument with curvature `weights` (channel, pixel)."""
        blocks = term.blocks(weights)
        if term.is_local:
            self.add_local(blocks)
        else:
            self._terms.append((term.blurs, blocks))

    def add_local(self, blocks: np.ndarray) -> None:
        """Add one block (component, component) per sky pixel."""
        self._local += blocks

    def add_remainder(
        self, product: Callable[[np.ndarray], np.ndarray], diagonal: np.ndarray
    ) -> None:
        """Add a symmetric map of the images, with its diagonal (component, pixel)."""
        self._remainders.append(product)
        self._diagonal += diagonal

    def hessian(self) -> BlockHessian:
        """Return the sum of all shares."""
        return BlockHessian(self._local, self._terms, self._remainder, self._diagonal)

    def _remainder(self, images: np.ndarray) -> np.ndarray:
        products = (product(images) for product in self._remainders)
        return reduce(np.add, products) if self._remainders else np.zeros_like(images)
