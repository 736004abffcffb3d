r"""Minima of a problem of low rank whose gradient is tilted a little.

A draw of the posterior is the minimum of the objective less a random linear function
(perturb and solve, Papandreou & Yuille 2010; randomise, then optimise, Bardsley et al.
2014):

.. math:: W_k = \arg\min_{V W \ge 0} f(W) + \varphi(W) - \langle \xi_k, W \rangle,
    \qquad \xi_k \sim N(0, H)

with :math:`H` the Hessian at the fit. Far from bounds and for many counts it has the
mean and the covariance of the posterior. From the fit it takes some Newton steps.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np

from hifred.solvers import nearby_kernels as kernels
from hifred.solvers.block_hessian import BlockHessian
from hifred.solvers.counts_term import CountsTerm
from hifred.solvers.hessian_parts import HessianParts
from hifred.solvers.low_rank_problem import LowRankProblem
from hifred.solvers.normal_counts import white_counts
from hifred.solvers.soft_positivity import SoftPositivity
from hifred.threads import in_slices

# Curvature below zero over that of the objective, for a voxel on its own. Ten times as
# stiff takes twice the steps; behind a hard wall every draw takes half a solve.
STIFFNESS = 10.0
# The step, in units of the spread of the draws, after which a draw is taken.
LAST_STEP = 0.03
MOST_STEPS = 60
# Of the conjugate gradients: of `sources`, of `response` and of each step.
SOURCE_TOLERANCE, RESPONSE_TOLERANCE, STEP_TOLERANCE = 1e-3, 1e-3, 0.1
# After so many steps, one that ends so early met voxels that were above zero and would
# be far below: the next has the wall under them, too, or it would go there again.
SWINGING, SHORT = 10, 0.5
# Lengths that one line search tries, and the share of the slope that it may leave.
MOST_LENGTHS, SLOPE_LEFT = 6, 0.3
# Of the way to the first voxel with counts where none would be expected.
BOUNDARY_FRACTION = 0.95
LONGEST = 2.0


@final
@dataclass(frozen=True)
class _Place:
    """Where an iteration is: images (component, pixel), cube and expected counts."""

    images: np.ndarray
    cube: np.ndarray
    expected: list[np.ndarray]

    def moved(self, change: "_Place", length: float) -> "_Place":
        return _Place(
            self.images + length * change.images,
            self.cube + np.float32(length) * change.cube,
            [
                m + length * dm
                for m, dm in zip(self.expected, change.expected, strict=True)
            ],
        )


@final
class NearbyMinimum:
    """Minima of tilted problems near that of a problem without a tilt.

    Parameters
    ----------
    problem : LowRankProblem
        Without `sparsity`.
    images : (component, y, x) array
        About its minimum: what fits settle for does.
    """

    def __init__(self, problem: LowRankProblem, images: np.ndarray) -> None:
        self._problem = problem
        self._terms = [CountsTerm(f) for f in problem.likelihoods.values()]
        self._observed = [t.counts for t in self._terms]
        self._counted = [t.domain() for t in self._terms]
        self._used = [
            np.ones(t.counts.shape, bool) if t.used is None else t.used
            for t in self._terms
        ]
        flat = images.reshape(len(images), -1).astype(float)
        expected = [t.expected(flat) for t in self._terms]
        none_below = np.zeros((len(flat), *flat.shape))
        hessian = self._hessian(expected, none_below, self._observed)
        self._soft = SoftPositivity(problem.basis, _stiffness(hessian, problem.basis))
        self._start = self._place(flat)
        untilted = np.zeros_like(flat)
        rough = hessian.in_single()
        self._start = self._place(self._settled(untilted, self._observed, rough))

    @property
    def images(self) -> np.ndarray:
        """Return the minimum without a tilt, (component, pixel)."""
        return self._start.images

    @property
    def problem(self) -> LowRankProblem:
        """Return what is minimised."""
        return self._problem

    def noise(self, rng: np.random.Generator) -> list[np.ndarray]:
        """Return normal noise of the counts (channel, pixel), one per likelihood.

        Its variances are the counts: empty voxels have none, and no curvature.
        """
        return [
            white_counts(t, rng) * np.sqrt(np.where(t.domain(), t.counts, 0))
            for t in self._terms
        ]

    def tilt(self, changes: Sequence[np.ndarray]) -> np.ndarray:
        """Return the tilt (component, pixel) that changed counts give.

        The covariance of that of `noise` is the Hessian of the likelihoods.
        """
        expected = self._start.expected
        pulls = [
            term.pull(np.divide(c, m, out=np.zeros_like(m), where=m > 0))
            for term, c, m in zip(self._terms, changes, expected, strict=True)
        ]
        return np.asarray(np.sum(pulls, axis=0))

    def disturbed(
        self, noise: Sequence[np.ndarray], unseen: Sequence[np.ndarray]
    ) -> list[np.ndarray]:
        """Return counts (channel, pixel) with other noise, and without what is unseen.

        What was not counted stays so, and no count is below zero: a tilt of the
        objective instead, where one count is seen and hardly any is expected, is more
        than the likelihood withstands.

        Parameters
        ----------
        noise, unseen : sequences of (channel, pixel) arrays
            Changes of the counts, as `noise` returns, and of the expected counts.
        """
        return [
            np.maximum(t.counts + n - u * _divided(t, t.counts, m), 0)
            for t, n, u, m in zip(
                self._terms, noise, unseen, self._start.expected, strict=True
            )
        ]

    def response(self, tilt: np.ndarray) -> np.ndarray:
        """Return about how far a small tilt moves the minimum, (component, pixel)."""
        hessian, _ = self._at_start
        moved, _ = hessian.solve(tilt, RESPONSE_TOLERANCE)
        return moved

    def minimum(
        self, tilt: np.ndarray, counts: Sequence[np.ndarray] | None = None
    ) -> np.ndarray:
        """Return the minimum (component, pixel) of the objective less ``<tilt, W>``.

        Parameters
        ----------
        tilt : (component, pixel) array
        counts : sequence of (channel, pixel) arrays, optional
            Instead of those of the likelihoods; 0 wherever those are.

        Raises
        ------
        ArithmeticError
            If Newton's method has not settled after `MOST_STEPS`.
        """
        observed = self._observed if counts is None else counts
        return self._settled(tilt, observed, self._rough_at_start)

    def _settled(
        self, tilt: np.ndarray, counts: Sequence[np.ndarray], hessian: BlockHessian
    ) -> np.ndarray:
        """Return the minimum; the first step has a Hessian that is about its own.

        Steps need few digits, and so do Hessians, in single precision.
        """
        place = self._start
        lowest = place.cube
        for i_step in range(MOST_STEPS):
            gradient, weights, below = self._bends(place, lowest, tilt, counts)
            if i_step:
                hessian = self._sum(weights, below).in_single()
            rough, _ = hessian.solve(-gradient.astype(np.float32), STEP_TOLERANCE)
            step = rough.astype(float)
            change = self._change(step)
            first = float(np.vdot(gradient, step))
            slope = self._slope(place, change, tilt, counts)
            length = _length(slope, first, self._longest(place, change, counts))
            if i_step >= SWINGING and length < SHORT:
                lowest = np.minimum(lowest, place.cube + change.cube)
                place = place.moved(change, length)
            else:
                place = place.moved(change, length)
                lowest = place.cube
            if np.sqrt(max(-first, 0) / step.size) <= LAST_STEP:
                return place.images
        raise ArithmeticError(f"a draw has not settled after {MOST_STEPS} steps.")

    def sources(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        r"""Return what the sky's images add to a weighted sum of the minimum's.

        .. math:: c \mapsto M H^{-1} c = c - P H^{-1} c

        with the curvature ``M`` of the counts and ``P`` of penalty and bounds, which
        make up the Hessian ``H`` at the minimum.

        Parameters
        ----------
        weights : (component, pixel) array
            ``c``.

        Returns
        -------
        two (component, pixel) arrays
            And :math:`H^{-1} c`: what slopes of the objective add to the sum.
        """
        hessian, below = self._at_start
        solution, residual = hessian.solve(weights, SOURCE_TOLERANCE)
        held = self._penalty_product(solution)
        held += np.einsum("cdp,dp->cp", below, solution)
        return weights - residual - held, solution

    def pull(self, name: str, slope: np.ndarray) -> np.ndarray:
        """Return what a slope of an instrument's counts is to the images.

        Parameters
        ----------
        name : str
        slope : (channel, y, x) array
        """
        term = self._terms[list(self._problem.likelihoods).index(name)]
        return term.pull(slope.reshape(len(slope), -1))

    @cached_property
    def _at_start(self) -> tuple[BlockHessian, np.ndarray]:
        """Return the Hessian at the minimum, and the share of the bounds."""
        _, below = self._soft.bends(self._start.cube)
        return self._hessian(self._start.expected, below, self._observed), below

    @cached_property
    def _rough_at_start(self) -> BlockHessian:
        return self._at_start[0].in_single()

    def _place(self, images: np.ndarray) -> _Place:
        expected = [t.expected(images) for t in self._terms]
        return _Place(images, self._soft.cube(images), expected)

    def _change(self, step: np.ndarray) -> _Place:
        changes = [t.change(step) for t in self._terms]
        return _Place(step, self._soft.cube(step), changes)

    def _bends(
        self,
        place: _Place,
        lowest: np.ndarray,
        tilt: np.ndarray,
        counts: Sequence[np.ndarray],
    ) -> tuple[np.ndarray, list[np.ndarray], np.ndarray]:
        """Return gradient and curvatures: of all counts, and of the wall.

        It is under all that is `lowest` < 0.
        """
        gradient, below = self._soft.bends(place.cube)
        if lowest is not place.cube:
            _, below = self._soft.bends(lowest)
        gradient = gradient + self._penalty_product(place.images) - tilt
        bends = self._count_bends(place.expected, counts)
        for term, (slopes, _) in zip(self._terms, bends, strict=True):
            gradient += term.pull(slopes)
        return gradient, [weights for _, weights in bends], below

    def _count_bends(
        self, expected: Sequence[np.ndarray], counts: Sequence[np.ndarray]
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return slope and curvature (channel, pixel) of each likelihood."""
        found = []
        for counted, d, m in zip(self._counted, counts, expected, strict=True):
            slopes, weights = np.empty_like(m), np.empty_like(m)
            in_slices(kernels.write_ratios, len(m), d, m, counted, slopes, weights)
            found.append((slopes, weights))
        return found

    def _hessian(
        self,
        expected: Sequence[np.ndarray],
        below: np.ndarray,
        counts: Sequence[np.ndarray],
    ) -> BlockHessian:
        bends = self._count_bends(expected, counts)
        return self._sum([weights for _, weights in bends], below)

    def _sum(self, weights: list[np.ndarray], below: np.ndarray) -> BlockHessian:
        """Return the Hessian of counts with some curvature, wall and penalty."""
        n, n_pixels = below.shape[1:]
        parts = HessianParts(n, n_pixels)
        for term, curvature in zip(self._terms, weights, strict=True):
            parts.add_counts(term, curvature)
        parts.add_local(below)
        if self._problem.penalty is not None:
            diagonal = self._problem.penalty.curvature(self._problem.image_shape)
            parts.add_remainder(self._penalty_product, diagonal.reshape(-1, n_pixels))
        return parts.hessian()

    def _penalty_product(self, images: np.ndarray) -> np.ndarray:
        if self._problem.penalty is None:
            return np.zeros_like(images)
        shaped = images.reshape(-1, *self._problem.image_shape)
        return self._problem.penalty.gradient(shaped).reshape(images.shape)

    def _slope(
        self,
        place: _Place,
        change: _Place,
        tilt: np.ndarray,
        counts: Sequence[np.ndarray],
    ) -> Callable[[float], float]:
        """Return the slope of the tilted objective along a change; see `_length`."""
        product = self._penalty_product(change.images)
        at_zero = float(np.vdot(product, place.images) - np.vdot(tilt, change.images))
        curvature = float(np.vdot(product, change.images))

        def slope(length: float) -> float:
            total = at_zero + length * curvature
            for d, m, counted, used, dm in zip(
                counts,
                place.expected,
                self._counted,
                self._used,
                change.expected,
                strict=True,
            ):
                slopes = np.empty(len(m))
                arrays = d, m, counted, used, dm, length, slopes
                in_slices(kernels.write_count_slopes, len(m), *arrays)
                total += float(slopes.sum())
            return total + self._soft.slope_along(place.cube, change.cube, length)

        return slope

    def _longest(
        self, place: _Place, change: _Place, counts: Sequence[np.ndarray]
    ) -> float:
        fastest = float(np.finfo(float).tiny)
        for counted, d, m, dm in zip(
            self._counted, counts, place.expected, change.expected, strict=True
        ):
            descents = np.empty(len(m))
            in_slices(kernels.write_descents, len(m), d, m, counted, dm, descents)
            fastest = max(fastest, float(descents.max()))
        return min(LONGEST, BOUNDARY_FRACTION / fastest)


def _divided(term: CountsTerm, counts: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Return what is divided by expected counts, zero where nothing was counted."""
    out = np.zeros_like(expected)
    np.divide(counts, expected, out=out, where=term.domain())
    return out


def _stiffness(hessian: BlockHessian, basis: np.ndarray) -> np.ndarray:
    """Return the stiffness (pixel,) from the mean variance of a pixel's voxels.

    The variance is that of the blocks of the pixel alone.
    """
    n, n_pixels = len(hessian.local), hessian.local.shape[2]
    units = np.zeros((n, n, n_pixels))
    units[np.arange(n), np.arange(n)] = 1
    inverse = np.stack([hessian.precondition(unit) for unit in units])
    products = basis.T @ basis / len(basis)
    return np.asarray(STIFFNESS / np.einsum("cdp,cd->p", inverse, products))


def _length(slope: Callable[[float], float], first: float, longest: float) -> float:
    """Return a length along which most of the `first` slope, below zero, is gone.

    The slope rises with the length; none goes beyond `longest`.
    """
    low, at_low, high, at_high = 0.0, first, longest, np.inf
    length = min(1.0, longest)
    for _ in range(MOST_LENGTHS):
        found = slope(length)
        if abs(found) <= SLOPE_LEFT * abs(first) or (found < 0 and length == longest):
            return length
        if found < 0:
            low, at_low = length, found
        else:
            high, at_high = length, found
        if np.isinf(at_high):
            length = longest
        else:
            length = low - (high - low) * at_low / (at_high - at_low)
    return length
