"""A Hessian compressed to small blocks per pixel, and its solution by CG."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import final

import numpy as np

from hifred.errors import HifredError
from hifred.operators.blurs import Blurs
from hifred.operators.matrix import Matrix
from hifred.solvers.block_kernels import (
    PIXELS_AT_ONCE,
    write_block_inverses,
    write_block_products,
)
from hifred.threads import in_slices

# Added to the diagonal of every block, relative to its mean, before it is inverted.
RIDGE = 1e-12


@final
class BlockHessian:
    r"""A Hessian whose spectral side is summed once and for all.

    .. math:: H W = \sum_o S_o^T (C_o \, S_o W) + B W + R W

    with one block ``C`` per pixel of instrument ``o``, one block ``B`` per sky pixel
    and a remainder ``R`` that couples neighbouring pixels. A product costs as much as
    the coefficient images are large, however many energies there are.

    Parameters
    ----------
    local : (component, component, pixel) array
        The blocks ``B``.
    terms : sequence of (Blurs, blocks)
        What the instruments that blur do, with their blocks ``C``.
    remainder : callable
        Returns ``R W``.
    remainder_diagonal : (component, pixel) array
        The diagonal of ``R``, for the preconditioner.
    """

    def __init__(
        self,
        local: np.ndarray,
        terms: Sequence[tuple[Blurs, np.ndarray]],
        remainder: Callable[[np.ndarray], np.ndarray],
        remainder_diagonal: np.ndarray,
    ) -> None:
        self.local = local
        self.terms = terms
        self.remainder = remainder
        self._remainder_diagonal = remainder_diagonal

    def apply(self, images: np.ndarray) -> np.ndarray:
        """Return ``H W`` for images (component, pixel)."""
        total = _block_product(self.local, images) + self.remainder(images)
        for blurs, blocks in self.terms:
            total += blurs.spread(_block_product(blocks, blurs.gather(images)))
        return np.asarray(total, images.dtype)

    def in_single(self) -> "BlockHessian":
        """Return it in single precision, for solves to few digits in half the time."""
        single = np.float32
        terms = [(blurs.single, blocks.astype(single)) for blurs, blocks in self.terms]
        diagonal = self._remainder_diagonal.astype(single)
        found = BlockHessian(self.local.astype(single), terms, self.remainder, diagonal)
        found._inverse = self._inverse.astype(single)
        return found

    def precondition(self, images: np.ndarray) -> np.ndarray:
        """Return the product with the inverted diagonal blocks."""
        return _block_product(self._inverse, images)

    def solve(
        self,
        right_side: np.ndarray,
        tolerance: float,
        *,
        start: np.ndarray | None = None,
        max_products: int = 500,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the solution by conjugate gradients, and the residual it leaves.

        Parameters
        ----------
        right_side, start : (component, pixel) arrays
            `start` is zero by default.
        tolerance : float
            Of the preconditioned residual, relative to that of zero.
        max_products : int
        """
        goal = tolerance**2 * float(np.vdot(right_side, self.precondition(right_side)))
        solution, residual = np.zeros_like(right_side), right_side.copy()
        if start is not None:
            solution += start
            residual -= self.apply(start)
        direction, previous = np.zeros_like(right_side), np.inf
        for _ in range(max_products):
            scaled = self.precondition(residual)
            power = float(np.vdot(residual, scaled))
            if not power > goal:
                break
            direction = scaled + power / previous * direction
            product = self.apply(direction)
            length = power / float(np.vdot(direction, product))
            solution += length * direction
            residual -= length * product
            previous = power
        return solution, residual

    @cached_property
    def _inverse(self) -> np.ndarray:
        return _inverse_blocks(self._diagonal_blocks())

    def _diagonal_blocks(self) -> np.ndarray:
        blocks = self.local.copy()
        n = blocks.shape[0]
        blocks[np.arange(n), np.arange(n)] += self._remainder_diagonal
        for blurs, gathered in self.terms:
            for q, k in enumerate(blurs.matrices):
                part = gathered[q * n : (q + 1) * n, q * n : (q + 1) * n]
                blocks += _seen_from_sky(part, k)
        return blocks


def _seen_from_sky(blocks: np.ndarray, spatial: Matrix) -> np.ndarray:
    n = blocks.shape[0]
    spread = spatial.squared().adjoint_rows(blocks.reshape(n * n, -1))
    return spread.reshape(n, n, -1)


def _block_product(blocks: np.ndarray, images: np.ndarray) -> np.ndarray:
    out = np.empty_like(images)
    write_block_products(blocks, images, out)
    return out


def _inverse_blocks(blocks: np.ndarray) -> np.ndarray:
    """Return the inverses (n, n, pixel), upper triangles, of blocks that are changed.

    Raises
    ------
    HifredError
        If a block is zero: what nothing tells of has no solution.
    """
    n, _, n_pixels = blocks.shape
    scale = np.einsum("iip->p", blocks) / n
    if not scale.all():
        raise HifredError(
            "counts or a penalty must tell of every sky pixel; some are masked in all "
            "instruments. Cut the field, or take a regularizer other than 'low_rank'."
        )
    blocks[np.arange(n), np.arange(n)] += RIDGE * scale
    inverse = np.zeros_like(blocks)
    in_slices(write_block_inverses, n_pixels, blocks, inverse, grain=PIXELS_AT_ONCE)
    return inverse
