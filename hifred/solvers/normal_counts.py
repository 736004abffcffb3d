"""Likelihoods of coefficient images with counts as if they were normal."""

from collections.abc import Sequence
from typing import final

import numpy as np

from hifred.functionals.shape_differences import ShapeDifferences
from hifred.solvers.block_hessian import BlockHessian
from hifred.solvers.counts_term import CountsTerm
from hifred.transforms.mirror import bright_side_first


@final
class NormalCounts:
    r"""Normal likelihoods with the variances that Poisson counts are expected to have.

    .. math:: f(W) = \frac12 \sum_o \sum_v \frac{(d_o - b_o - A_o W)_v^2}{\bar m_{ov}}

    Parameters
    ----------
    terms : sequence of CountsTerm
        One per instrument.
    expected : sequence of (channel, pixel) arrays
        The variances :math:`\bar m`, above zero, of each.
    plain : (component, pixel) array
        Images that cost a prior nothing, which all others are told apart from. They
        hold most of the light, so that solves for the rest need no more digits where
        there are more counts.

    Attributes
    ----------
    source : (component, pixel) array
        Less the slope of the likelihood at the plain images.
    """

    def __init__(
        self,
        terms: Sequence[CountsTerm],
        expected: Sequence[np.ndarray],
        plain: np.ndarray,
    ) -> None:
        self._pairs = list(zip(terms, expected, strict=True))
        self.plain = plain
        sources = [t.pull((t.counts - t.expected(plain)) / m) for t, m in self._pairs]
        self.source = np.sum(sources, axis=0)
        blocks = [(t, t.blocks(1 / m)) for t, m in self._pairs]
        n, n_pixels = plain.shape
        local = [b for t, b in blocks if t.is_local]
        self._local = sum(local, np.zeros((n, n, n_pixels)))
        self._blurred = [(t.blurs, b) for t, b in blocks if not t.is_local]

    def curvature(self, images: np.ndarray) -> np.ndarray:
        """Return the Hessian times images (component, pixel)."""
        seen = [(t, t.change(images) / m) for t, m in self._pairs]
        return np.asarray(np.sum([t.pull(slope) for t, slope in seen], axis=0))

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """Return what noise adds to the right side, (component, pixel).

        Its covariance is the Hessian of the likelihood. Mirrored counts have mirrored
        noise.
        """
        drawn = [(t, white_counts(t, rng) / np.sqrt(m)) for t, m in self._pairs]
        return np.asarray(np.sum([t.pull(slope) for t, slope in drawn], axis=0))

    def draw_of_counts(self, rng: np.random.Generator) -> list[np.ndarray]:
        """Return noise (channel, pixel) with the variances of the counts themselves.

        Its mean power is right even where the expected counts are not, as on the empty
        sky around an object.
        """
        return [
            white_counts(t, rng) * np.sqrt(np.maximum(t.counts, 0))
            for t, _ in self._pairs
        ]

    def pulled(self, counts: Sequence[np.ndarray], power: float) -> np.ndarray:
        """Return images (component, pixel): counts over a power of their variances."""
        pairs = zip(self._pairs, counts, strict=True)
        return np.asarray(np.sum([t.pull(c / m**power) for (t, m), c in pairs], axis=0))

    def misfit(self, images: np.ndarray, power: float) -> float:
        """Return the squares of what images (component, pixel) leave of the counts.

        Over a power of their variances; for a power of 1 it is twice the value.
        """
        return sum(
            float(np.sum(t.masked((t.counts - t.expected(images)) ** 2 / m**power)))
            for t, m in self._pairs
        )

    def posterior(
        self, differences: ShapeDifferences, precision: np.ndarray
    ) -> BlockHessian:
        r"""Return the Hessian of the likelihood and a normal prior of the differences.

        Parameters
        ----------
        differences : ShapeDifferences
            Of strength 1/2.
        precision : (component, component) array
            The inverse of the covariance of the changes.
        """
        shape = differences.image_shape
        diagonal = differences.curvature(shape).ravel()

        def other_pixels(images: np.ndarray) -> np.ndarray:
            smooth = differences.gradient(images.reshape(-1, *shape))
            others = smooth.reshape(images.shape) - diagonal * images
            return np.asarray(precision @ others)

        local = self._local + precision[:, :, None] * diagonal
        none = np.zeros_like(self.plain)
        return BlockHessian(local, self._blurred, other_pixels, none)


def white_counts(term: CountsTerm, rng: np.random.Generator) -> np.ndarray:
    """Return normal draws (channel, pixel) that lie as the counts lie."""
    mirror = bright_side_first(_source(term).sum(axis=0).reshape(term.image_shape))
    drawn = rng.standard_normal((len(term.counts), *term.image_shape))
    return drawn[:, *mirror].reshape(term.counts.shape)


def _source(term: CountsTerm) -> np.ndarray:
    """Return the counts of the sky, (channel, pixel)."""
    return term.counts - (0 if term.background is None else term.background)
