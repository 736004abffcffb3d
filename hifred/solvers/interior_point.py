"""The minimiser over non-negative cubes of low rank, by an interior-point method."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np

from hifred.errors import SchemaError
from hifred.functionals.positivity import PositiveCube
from hifred.solvers.block_hessian import BlockHessian
from hifred.solvers.bound_cone import BoundCone
from hifred.solvers.cones import Cone, CountsCone, CubeCone
from hifred.solvers.counts_term import CountsTerm
from hifred.solvers.cube_slack import CubeSlack
from hifred.solvers.hessian_parts import HessianParts
from hifred.solvers.low_rank_problem import LowRankProblem
from hifred.solvers.slack import Slack, barrier_weight
from hifred.solvers.stopping import Outcome

# Fraction of the way to the boundary that one step may go.
BOUNDARY_FRACTION = 0.95
# Relative residual at which the conjugate gradients of one step end: the relative
# gap, within these limits.
CG_TOLERANCES = (1e-8, 1e-2)
CERTIFICATE_TOLERANCE = 1e-6
# How often it is tried, without the multipliers that the last try made negative.
CERTIFICATE_ATTEMPTS = 5
# The same for the predictor, and how many products it may take. With a residual of
# 0.01 the published cubes take a tenth to a half more products in all.
ROUGH, ROUGH_PRODUCTS = 5e-2, 100
# The barrier need not become lower than this fraction of what the tolerance allows.
LOWEST_LEVEL = 0.1
# Steps shorter than this, several times in a row, mean that rounding has won.
SHORTEST_STEP = 1e-3
# Of a cube in single precision, after many steps; other spectra differ by far more.
ROUNDING = 1e-2


@final
@dataclass(frozen=True)
class InteriorPointState:
    """One iterate, enough to go on from.

    Attributes
    ----------
    iteration : int
    images : (component, pixel) array
    slacks : tuple of Slack and CubeSlack
        The cube first, then one per instrument, then the wavelet bounds if any.
    costs : (iteration + 1, terms) array
        Total, every instrument, penalty.
    gaps : (iteration + 1,) array
        Complementarity over cost: the relative duality gap that a stationary
        Lagrangian would have.
    certificate : float
        Proven relative duality gap; infinite until it is.
    outcome : Outcome or None
        None while there is more to do.
    """

    iteration: int
    images: np.ndarray
    slacks: tuple[Slack | CubeSlack, ...]
    costs: np.ndarray
    gaps: np.ndarray
    certificate: float = np.inf
    outcome: Outcome | None = None

    @property
    def cost(self) -> float:
        return float(self.costs[-1, 0])

    def arrays(self) -> dict[str, np.ndarray]:
        """Return everything as plain arrays, to be saved."""
        arrays = {"images": self.images, "costs": self.costs, "gaps": self.gaps}
        for i, slack in enumerate(self.slacks):
            arrays[f"value_{i}"] = slack.value
            arrays[f"multiplier_{i}"] = slack.multiplier
            arrays[f"target_{i}"] = slack.target
        return arrays


@final
class InteriorPoint:
    r"""Mehrotra's predictor-corrector method with a Hessian of small blocks.

    Expected counts, their ratios to the counts, the cube and its multipliers are all
    kept positive; the multipliers give a lower bound of the objective (duality), so
    that the result comes with a proof of how far it can be from the minimum.

    Parameters
    ----------
    problem : LowRankProblem
    tolerance : float
        Duality gap, relative to the objective, at which to stop.
    max_iterations : int
    dtype : float32 or float64
        Precision of the cube; images, counts and sums are in double precision.

    References
    ----------
    Mehrotra (1992), On the implementation of a primal-dual interior point method,
    SIAM J. Optim. 2, 575.
    """

    def __init__(
        self,
        problem: LowRankProblem,
        *,
        tolerance: float = 1e-4,
        max_iterations: int = 200,
        dtype: np.typing.DTypeLike = np.float32,
    ) -> None:
        self.problem = problem
        self.tolerance = tolerance
        self.max_iterations = max_iterations
        self._n_pixels = int(np.prod(problem.image_shape))
        self._terms = [CountsTerm(f) for f in problem.likelihoods.values()]
        # A cone meets only its own slacks.
        self._cones: list[Cone[Any, Any]] = [
            CubeCone(PositiveCube(problem.basis, dtype))
        ]
        self._cones += [CountsCone(term) for term in self._terms]
        self._bounds: list[BoundCone] = []
        if problem.sparsity is not None:
            self._bounds = [BoundCone(problem.sparsity, problem.image_shape)]
        self._cones += self._bounds

    def start(
        self, images: np.ndarray | None = None, *, level: float = 1.0
    ) -> InteriorPointState:
        """Return the first iterate, inside all constraints.

        Parameters
        ----------
        images : (component, y, x) array, optional
            With ``V W > 0`` everywhere; by default the start of the problem.
        level : float
            Relative duality gap that the first multipliers of the cube aim at; lower
            where the images are near the minimum.
        """
        images = self.problem.start if images is None else images
        images = images.reshape(-1, self._n_pixels).astype(float)
        n_voxels = len(self.problem.basis) * self._n_pixels
        costs = self._costs(images)
        product = level * costs[0] / n_voxels
        slacks = tuple(c.begin(images, product) for c in self._cones)
        counted = any(term.domain().any() for term in self._terms)
        outcome = None if counted else Outcome.EMPTY
        if not np.isfinite(costs).all():
            outcome = Outcome.NOT_FINITE
        gaps = np.array([_complementarity(slacks) / costs[0]])
        return InteriorPointState(0, images, slacks, costs[None], gaps, outcome=outcome)

    def step(self, state: InteriorPointState) -> InteriorPointState:
        """Return the next iterate, or the same one with its outcome."""
        if state.gaps[-1] <= self.tolerance:
            state = replace(state, certificate=self._relative_gap(state))
        if state.certificate <= self.tolerance:
            return replace(state, outcome=Outcome.CONVERGED)
        if state.iteration >= self.max_iterations:
            return replace(state, outcome=Outcome.STEP_LIMIT)
        parts = self._parts([slack.weight for slack in state.slacks])
        return self._moved(state, parts.hessian())

    def restore(self, arrays: Mapping[str, np.ndarray]) -> InteriorPointState:
        """Return the state that `InteriorPointState.arrays` came from.

        Raises
        ------
        SchemaError
            If its images are those of other spectra, as another version learns them.
        """
        names = ("value", "multiplier", "target")
        slacks = tuple(
            cone.restore(*(arrays[f"{name}_{i}"] for name in names))
            for i, cone in enumerate(self._cones)
        )
        _check_cube(arrays["images"], slacks[0])
        costs, gaps = arrays["costs"], arrays["gaps"]
        return InteriorPointState(len(gaps) - 1, arrays["images"], slacks, costs, gaps)

    def _moved(
        self, state: InteriorPointState, hessian: BlockHessian
    ) -> InteriorPointState:
        inverses = [slack.inverse() for slack in state.slacks]
        first, changes = self._direction(state, hessian, inverses)
        level = max(_target_level(state.slacks, changes), self._lowest_level(state))
        corrected: list[Any] = [
            slack.corrected(change, level)
            for slack, change in zip(state.slacks, changes, strict=True)
        ]
        step, changes = self._direction(state, hessian, corrected, start=first)
        moves = list(zip(state.slacks, changes, corrected, strict=True))
        lengths = _step_lengths([s.fastest(d, c) for s, d, c in moves])
        slacks = tuple(s.moved(d, c, lengths) for s, d, c in moves)
        return self._next(state, state.images + lengths[0] * step, slacks, lengths)

    def _direction(
        self,
        state: InteriorPointState,
        hessian: BlockHessian,
        corrected: Sequence[Any],
        start: np.ndarray | None = None,
    ) -> tuple[np.ndarray, list[np.ndarray]]:
        """Return the Newton step and the changes of the slacks.

        Without a `start` it is the predictor: only the level and the second-order
        correction come from it, so that a rough one does.
        """
        gradient = self._penalty_product(state.images)
        for cone, slack, part in zip(self._cones, state.slacks, corrected, strict=True):
            gradient = gradient + cone.pull(slack, part)
        if start is None:
            step, _ = hessian.solve(-gradient, ROUGH, max_products=ROUGH_PRODUCTS)
        else:
            tolerance = np.clip(state.gaps[-1], *CG_TOLERANCES)
            step, _ = hessian.solve(-gradient, tolerance, start=start)
        changes = [
            cone.change(step, slack, part)
            for cone, slack, part in zip(
                self._cones, state.slacks, corrected, strict=True
            )
        ]
        return step, changes

    def _lowest_level(self, state: InteriorPointState) -> float:
        n_constraints = sum(s.value.size for s in state.slacks if s.is_constraint)
        return LOWEST_LEVEL * self.tolerance * state.cost / n_constraints

    def _next(
        self,
        state: InteriorPointState,
        images: np.ndarray,
        slacks: tuple[Slack | CubeSlack, ...],
        lengths: tuple[float, float],
    ) -> InteriorPointState:
        costs = self._costs(images)
        if not np.isfinite(costs).all():
            return replace(state, outcome=Outcome.NOT_FINITE)
        if max(lengths) < SHORTEST_STEP:
            return replace(state, outcome=Outcome.STALLED)
        return InteriorPointState(
            iteration=state.iteration + 1,
            images=images,
            slacks=slacks,
            costs=np.vstack([state.costs, costs]),
            gaps=np.append(state.gaps, _complementarity(slacks) / costs[0]),
        )

    def _parts(self, weights: Sequence[np.ndarray]) -> HessianParts:
        parts = HessianParts(len(self.problem.start), self._n_pixels)
        for cone, weight in zip(self._cones, weights, strict=True):
            cone.add_curvature(weight, parts)
        if self.problem.penalty is not None:
            diagonal = self.problem.penalty.curvature(self.problem.image_shape)
            flat = diagonal.reshape(-1, self._n_pixels)
            parts.add_remainder(self._penalty_product, flat)
        return parts

    def _relative_gap(self, state: InteriorPointState) -> float:
        r"""Return the duality gap over the cost, or infinity.

        A Newton step ``x`` towards a stationary Lagrangian corrects the multipliers,
        but for those few that it would make negative. What it leaves of the gradient
        is ``H_0 x``, with ``H_0`` the curvature of the objective alone, and the
        residual of the linear solve. The Lagrangian is self-concordant (counts are
        whole numbers), so that its minimum lies at most :math:`-\delta - \ln(1 -
        \delta)` below its value at the iterate, with :math:`\delta` the length of
        what is left in the metric of ``H_0`` (Nesterov & Nemirovskii 1994, section
        2.2). The gap is that and the complementarity: proven, unless the linear solve
        ended too early (see `_below`), as it does for wavelets at full size.
        """
        none = np.zeros(0)
        curved = [_curvature(s) for s in state.slacks]
        weights = [s.weight if s.is_constraint else none for s in state.slacks]
        objective = self._parts(curved).hessian()
        gradient, step = self._stationarity(state), None
        for _ in range(CERTIFICATE_ATTEMPTS):
            both = [w if w.size else c for w, c in zip(weights, curved, strict=True)]
            hessian = self._parts(both).hessian()
            step, left = hessian.solve(gradient, CERTIFICATE_TOLERANCE, start=step)
            certified = [
                cone.certify(slack, step, weight)
                for cone, slack, weight in zip(
                    self._cones, state.slacks, weights, strict=True
                )
            ]
            gap, weights = sum(g for g, _ in certified), [w for _, w in certified]
            if np.isfinite(gap):
                gain = 0.5 * float(np.vdot(gradient, step))
                return (gap + _below(objective, step, left, gain)) / state.cost
        return np.inf

    def _stationarity(self, state: InteriorPointState) -> np.ndarray:
        gradient = self._penalty_product(state.images)
        for cone, slack in zip(self._cones, state.slacks, strict=True):
            gradient += cone.slope(slack)
        return gradient

    def _penalty_product(self, images: np.ndarray) -> np.ndarray:
        if self.problem.penalty is None:
            return np.zeros_like(images)
        shaped = images.reshape(-1, *self.problem.image_shape)
        return self.problem.penalty.gradient(shaped).reshape(images.shape)

    def _costs(self, images: np.ndarray) -> np.ndarray:
        parts = [term.divergence(term.expected(images)) for term in self._terms]
        penalty = 0.5 * float(np.vdot(images, self._penalty_product(images)))
        penalty += sum(bounds.cost(images) for bounds in self._bounds)
        return np.array([sum(parts) + penalty, *parts, penalty])


def _check_cube(images: np.ndarray, slack: Slack | CubeSlack) -> None:
    """Refuse images that do not make the cube that was saved with them."""
    assert isinstance(slack, CubeSlack)
    cube = images.T @ slack.basis
    if not np.abs(cube - slack.value).max() < ROUNDING * np.abs(slack.value).max():
        raise SchemaError(
            "a saved fit must be of the spectra that are learnt here; its images do "
            "not make its cube. It is begun again."
        )


def _below(
    objective: BlockHessian, step: np.ndarray, left: np.ndarray, gain: float
) -> float:
    """Return how far below its value the Lagrangian may go.

    The length of what the linear solve `left` is measured by the preconditioner. Where
    that is too long for a proof, the answer is the `gain` that a Newton step expects.
    """
    length = np.sqrt(max(float(np.vdot(step, objective.apply(step))), 0.0))
    length += np.sqrt(max(float(np.vdot(left, objective.precondition(left))), 0.0))
    return float(-length - np.log1p(-length)) if length < 1 else gain


def _curvature(slack: Slack | CubeSlack) -> np.ndarray:
    """Return target / value^2 of a likelihood; nothing of a constraint."""
    if isinstance(slack, CubeSlack) or slack.is_constraint:
        return np.zeros(0)
    return barrier_weight(slack.value, slack.inverse())


def _complementarity(slacks: Sequence[Slack | CubeSlack]) -> float:
    return sum(s.product() for s in slacks if s.is_constraint)


def _target_level(
    slacks: Sequence[Slack | CubeSlack], changes: Sequence[np.ndarray]
) -> float:
    """Return Mehrotra's level: low where a step to zero would go far.

    One step for values and multipliers: where only one of them may go far, the
    iterate is far from the central path, and a low level keeps the next step short.
    With steps of their own the published cubes took 38 instead of 25 iterations.
    """
    predictions = [s.predict(c) for s, c in zip(slacks, changes, strict=True)]
    step = min(1.0, 1 / max(max(p.fastest for p in predictions), 1e-30))
    zero_target = [
        (p, s.value.size)
        for p, s in zip(predictions, slacks, strict=True)
        if s.is_constraint
    ]
    product = sum(p.product for p, _ in zero_target)
    reached = sum(p.complementarity(step) for p, _ in zero_target)
    n_constraints = sum(n for _, n in zero_target)
    return float((reached / product) ** 3 * product / n_constraints)


def _step_lengths(fastest: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return primal and dual step, at most 1 and a fraction of the way out."""
    primal, dual = (max(column) for column in zip(*fastest, strict=True))
    return (
        min(1.0, BOUNDARY_FRACTION / max(primal, 1e-30)),
        min(1.0, BOUNDARY_FRACTION / max(dual, 1e-30)),
    )
