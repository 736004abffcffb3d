"""The minimiser over all non-negative cubes, by a primal-dual splitting."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import final

import numpy as np

from hifred.functionals.poisson import PoissonLikelihood
from hifred.functionals.sparse_cube import SparseCube
from hifred.solvers import primal_dual_kernels as kernels
from hifred.solvers.cube_metric import CubeMetric, cube_metric, weight_at
from hifred.solvers.duality import LowerBound, missed_conditions
from hifred.solvers.joint_norm import joint_norm
from hifred.solvers.primal_dual_state import PrimalDualState
from hifred.solvers.sliced import added, between, copied
from hifred.solvers.stopping import Outcome
from hifred.threads import in_slices
from hifred.transforms.starlet import flat_images

# Steps per iteration; the last one is not relaxed, so that the iterate is feasible.
STEPS = 10
# Over-relaxation of the other steps, between 1 and 2.
RELAXATION = 1.95
# The metric follows the cube at iterations 2, 4, 8, 16, ...: ever more rarely, so
# that each stretch is the plain, convergent method.
FIRST_REFRESH = 2
# The iterates circle around the minimum, and their mean is nearer: on the published
# cubes with wavelets it is after 50 iterations where they are after 80. At iteration k
# the newest has this share over k, so that the mean forgets the first ones.
NEWEST_SHARE = 9.0
# Updates of expectation maximisation before the first step.
FIRST_UPDATES = 10
# Smallest sensitivity in the metric, relative to the largest.
LEAST_SENSITIVE = 1e-3
# Of the neighbours of pixels, where there are no wavelets.
NO_TABLES = np.empty((0, 4, 0), np.int64), np.empty((0, 4, 0), np.int64)


@final
@dataclass(frozen=True)
class CubeProblem:
    r"""Minimise the divergences plus a penalty over all non-negative cubes.

    Attributes
    ----------
    likelihoods : mapping of str to PoissonLikelihood
        One per instrument; their responses take the cube and are not negative.
    start : (energy, y, x) array
        A cube above zero everywhere.
    penalty : SparseCube, optional
    """

    likelihoods: Mapping[str, PoissonLikelihood]
    start: np.ndarray
    penalty: SparseCube | None = None


@final
class PrimalDual:
    r"""Primal-dual steps scaled by what each voxel sends to the detectors.

    .. math:: Z^+ = [Z - T (A^T y + W^T u)]_+, \quad
        y^+ = \mathrm{prox}_{\Sigma f^*}(y + \Sigma A (2 Z^+ - Z)), \quad
        u^+ = \mathrm{clip}_\lambda(u + \Sigma_u W (2 Z^+ - Z))

    with :math:`T = Z_0 / (c\, A^T 1)` and :math:`\Sigma = c / (A Z_0)`, for which
    :math:`\|\Sigma^{1/2} A T^{1/2}\| = 1` exactly when the response is not negative:
    the metric of expectation maximisation (`cube_metric` says what becomes of it with
    wavelets). The weight ``c`` falls with the iterations.

    Parameters
    ----------
    problem : CubeProblem
    tolerance : float
        Certificate at which to stop.
    max_iterations : int
    dtype : float32 or float64
        Precision of the arrays; sums are in double precision.

    Notes
    -----
    The certificate is the smaller of two numbers, both relative to the objective: the
    proven duality gap, and `missed_conditions`, which bounds the distance to all cubes
    that are nowhere brighter than this one, and proves nothing about the others. The
    first is the sharper on small problems; among millions of voxels the worst one
    alone keeps it large, and the certificate is the second, some times the distance
    to the minimum. Both are of the means of the iterates and of their multipliers.

    References
    ----------
    Chambolle & Pock (2011), A first-order primal-dual algorithm, J. Math. Imaging
    Vis. 40, 120, where Algorithm 2 lets the weight fall. Condat (2013), J. Optim.
    Theory Appl. 158, 460 (relaxation). Shamir & Zhang (2013), Stochastic gradient
    descent for non-smooth optimization, ICML (means that forget the first iterates).
    """

    def __init__(
        self,
        problem: CubeProblem,
        *,
        tolerance: float = 1e-4,
        max_iterations: int = 500,
        dtype: np.typing.DTypeLike = np.float32,
    ) -> None:
        self.problem = problem
        self.tolerance = tolerance
        self.max_iterations = max_iterations
        self.dtype = np.dtype(dtype)
        self._terms = [
            in_precision(f, self.dtype) for f in problem.likelihoods.values()
        ]
        ones = [np.where(_used(f), 1, 0).astype(self.dtype) for f in self._terms]
        self._used = [_used(f) for f in self._terms]
        self._seen = self._adjoint(ones)
        self._lower_bound = LowerBound(self._terms, self._seen)
        least = max(self._number(LEAST_SENSITIVE) * self._seen.max(), 1e-30)
        self._sensitivity = self._seen  # one array where that is enough
        if self._seen.min() < least:
            self._sensitivity = np.maximum(self._seen, self._number(least))
        parts = self._sensitivity, list(self._pairs()), problem.penalty
        self._norm = joint_norm(*parts)
        self._strength = 0.0
        if problem.penalty is not None:
            self._strength = float(np.mean(problem.penalty.strength))
        self._metric: tuple[np.ndarray, CubeMetric] | None = None
        self._slopes: tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...]] | None
        self._slopes = None

    def start(self, cube: np.ndarray | None = None) -> PrimalDualState:
        """Return the first iterate, after some updates of expectation maximisation.

        Parameters
        ----------
        cube : (energy, y, x) array, optional
            Above zero everywhere; by default the start of the problem.
        """
        cube = (self.problem.start if cube is None else cube).astype(self.dtype)
        if not any((f.counts[u] > 0).any() for f, u in self._pairs()):
            return self._first(cube, Outcome.EMPTY)
        for _ in range(FIRST_UPDATES):
            ratios = [1 - dual for dual in self._ratios(cube)]
            cube *= self._adjoint(ratios) / self._sensitivity
        return self._first(cube, None)

    def step(self, state: PrimalDualState) -> PrimalDualState:
        """Return the next iterate; its outcome is None while there is more to do."""
        state = self._refreshed(state)
        newest, duals, penalty = self._advanced(state)
        return self._judged(self._averaged(state, newest, duals, penalty))

    def restore(self, arrays: Mapping[str, np.ndarray]) -> PrimalDualState:
        """Return the state that `PrimalDualState.arrays` came from."""
        return PrimalDualState.restore(arrays)

    def _number(self, value: float | np.floating) -> np.floating:
        # Of the arrays' precision: NumPy would widen them otherwise.
        number: np.floating = np.asarray(value, self.dtype).flat[0]
        return number

    def _pairs(self) -> "zip[tuple[PoissonLikelihood, np.ndarray]]":
        return zip(self._terms, self._used, strict=True)

    def _first(self, cube: np.ndarray, outcome: Outcome | None) -> PrimalDualState:
        duals = self._ratios(cube)
        means = list(duals)
        if self.problem.penalty is not None:
            duals.append(np.zeros(self.problem.penalty.dual_shape, self.dtype))
            means.append(np.zeros_like(cube))
        costs = self._costs(cube, [f.expected_counts(cube) for f in self._terms])
        if outcome is None and not np.isfinite(costs).all():
            outcome = Outcome.NOT_FINITE
        gaps = np.array([np.inf])
        return PrimalDualState(
            *(0, cube, tuple(means), cube, tuple(duals), cube, costs[None], gaps),
            outcome=outcome,
        )

    def _refreshed(self, state: PrimalDualState) -> PrimalDualState:
        power = state.iteration / FIRST_REFRESH
        if power >= 1 and np.log2(power).is_integer():
            return replace(state, anchor=state.newest)
        return state

    def _advanced(
        self, state: PrimalDualState
    ) -> tuple[np.ndarray, tuple[np.ndarray, ...], np.ndarray | None]:
        """Return the next cube, its multipliers and the slope of the penalty."""
        metric = self._metric_of(state.anchor)
        weight = weight_at(state.iteration, self._strength)
        slopes = self._slopes_of(state.duals)
        newest = copied(state.newest)
        duals = [copied(dual) for dual in state.duals]
        planes = self._planes(duals)
        for remaining in reversed(range(STEPS)):
            pace = weight, RELAXATION if remaining else 1.0
            ahead = self._move_cube(newest, slopes, planes, metric, *pace)
            self._move_ratios(duals, ahead, metric, *pace)
            self._move_sparse(duals, planes, metric, *pace)
            slopes = self._adjoints(duals)
        self._slopes = tuple(duals), slopes
        return newest, self._slopes[0], self._merged(planes)

    def _averaged(
        self,
        before: PrimalDualState,
        newest: np.ndarray,
        duals: tuple[np.ndarray, ...],
        penalty: np.ndarray | None,
    ) -> PrimalDualState:
        """Return the state with the next iterate in it, and in its means."""
        iteration = before.iteration + 1
        share = self._number(min(1.0, NEWEST_SHARE / iteration))
        sent = duals if penalty is None else (*duals[:-1], penalty)
        pairs = zip((before.cube, *before.means), (newest, *sent), strict=True)
        cube, *means = (between(mean, new, share) for mean, new in pairs)
        return replace(
            before,
            iteration=iteration,
            cube=cube,
            means=tuple(means),
            newest=newest,
            duals=duals,
        )

    def _judged(self, state: PrimalDualState) -> PrimalDualState:
        models = [f.expected_counts(state.cube) for f in self._terms]
        costs = self._costs(state.cube, models)
        scale = max(abs(costs[0]), 1e-30)
        slopes = self._mean_slopes(state)
        gap = (costs[0] - self._lower_bound.at(state.means, *slopes)) / scale
        missed = self._missed(state, slopes, models, costs[-1]) / scale
        state = replace(
            state,
            costs=np.vstack([state.costs, costs]),
            gaps=np.append(state.gaps, gap),
            certificate=float(min(gap, missed)),
        )
        return replace(state, outcome=self._outcome(state))

    def _mean_slopes(
        self, state: PrimalDualState
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Return what the mean multipliers send to the cube: of data, of wavelets."""
        of_wavelets = None if self.problem.penalty is None else state.means[-1]
        return self._adjoint(state.means), of_wavelets

    def _missed(
        self,
        state: PrimalDualState,
        slopes: tuple[np.ndarray, np.ndarray | None],
        models: Sequence[np.ndarray],
        norm: float,
    ) -> float:
        matched = [
            f.divergence(model * (1 - dual))
            for f, model, dual in zip(self._terms, models, state.means, strict=False)
        ]
        return sum(matched) + missed_conditions(state.cube, *slopes, norm)

    def _outcome(self, state: PrimalDualState) -> Outcome | None:
        if not np.isfinite(state.costs[-1]).all():
            return Outcome.NOT_FINITE
        if state.certificate <= self.tolerance:
            return Outcome.CONVERGED
        if state.iteration >= self.max_iterations:
            return Outcome.STEP_LIMIT
        return None

    def _costs(self, cube: np.ndarray, models: Sequence[np.ndarray]) -> np.ndarray:
        data = [f.divergence(m) for f, m in zip(self._terms, models, strict=True)]
        penalty = self.problem.penalty
        last = 0.0 if penalty is None else penalty.value(cube)
        return np.array([sum(data) + last, *data, last])

    def _adjoint(self, duals: Sequence[np.ndarray]) -> np.ndarray:
        return reduce(added, self._adjoints(duals))

    def _adjoints(self, duals: Sequence[np.ndarray]) -> tuple[np.ndarray, ...]:
        pairs = zip(self._terms, duals, strict=False)
        return tuple(f.response.adjoint(dual) for f, dual in pairs)

    def _ratios(self, cube: np.ndarray) -> list[np.ndarray]:
        duals = []
        for f, used in self._pairs():
            expected = np.maximum(f.expected_counts(cube), self._number(f.floor))
            duals.append(np.where(used, 1 - f.counts / expected, 0).astype(self.dtype))
        return duals

    def _metric_of(self, anchor: np.ndarray) -> CubeMetric:
        # Derived from the anchor alone, so that a restored state finds the same one.
        if self._metric is None or self._metric[0] is not anchor:
            parts = self._sensitivity, list(self._pairs()), self.problem.penalty
            self._metric = anchor, cube_metric(anchor, *parts, norm=self._norm)
        return self._metric[1]

    def _slopes_of(self, duals: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
        # Kept from the end of a step to the start of the next one.
        if self._slopes is None or self._slopes[0] is not duals:
            self._slopes = duals, self._adjoints(duals)
        return self._slopes[1]

    def _planes(self, duals: Sequence[np.ndarray]) -> np.ndarray:
        """Return the penalty's slope before it is merged; no planes without one."""
        penalty = self.problem.penalty
        if penalty is None:
            return np.empty((0, *self._seen.shape), self.dtype)
        return penalty.gather(duals[-1])

    def _merged(self, planes: np.ndarray) -> np.ndarray | None:
        penalty = self.problem.penalty
        return None if penalty is None else penalty.merge(planes)

    def _move_cube(
        self,
        cube: np.ndarray,
        slopes: tuple[np.ndarray, ...],
        planes: np.ndarray,
        metric: CubeMetric,
        weight: float,
        relaxation: float,
    ) -> np.ndarray:
        """Move the cube; return where it heads to, and leave its fine planes."""
        ahead, penalty = np.empty_like(cube), self.problem.penalty
        tables = NO_TABLES if penalty is None else penalty.transform.images.tables
        gradients = tuple(flat_images(slope) for slope in slopes)
        in_slices(
            kernels.move_cube,
            len(cube),
            *(flat_images(cube), gradients, flat_images(planes), tables),
            *(flat_images(metric.cube_step), self._number(1 / weight)),
            *(self._number(relaxation), flat_images(ahead)),
        )
        return ahead

    def _move_ratios(
        self,
        duals: list[np.ndarray],
        ahead: np.ndarray,
        metric: CubeMetric,
        weight: float,
        relaxation: float,
    ) -> None:
        rate, relax = self._number(weight), self._number(relaxation)
        for dual, f, step in zip(duals, self._terms, metric.ratio_steps, strict=False):
            model = f.expected_counts(ahead)
            in_slices(
                kernels.move_ratio,
                model.size,
                *(dual.ravel(), model.ravel(), f.counts.ravel(), step.ravel()),
                *(rate, relax),
            )

    def _move_sparse(
        self,
        duals: list[np.ndarray],
        planes: np.ndarray,
        metric: CubeMetric,
        weight: float,
        relaxation: float,
    ) -> None:
        if self.problem.penalty is None:
            return
        self.problem.penalty.move_dual(
            duals[-1], planes, metric.sparse_step, rate=weight, relaxation=relaxation
        )


def _used(likelihood: PoissonLikelihood) -> np.ndarray:
    if likelihood.mask is None:
        return np.ones(likelihood.counts.shape, bool)
    return likelihood.mask


def in_precision(likelihood: PoissonLikelihood, dtype: np.dtype) -> PoissonLikelihood:
    """Return the same divergence with arrays of another precision."""
    background = likelihood.background
    return PoissonLikelihood(
        likelihood.response.astype(dtype),
        np.ascontiguousarray(likelihood.counts, dtype),
        None if background is None else background.astype(dtype),
        likelihood.mask,
        floor=likelihood.floor,
    )
