"""Algorithms 1 and 2 of the HIFReD paper, corrected, for comparison."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import final

import numpy as np

from hifred.errors import SettingsError
from hifred.functionals.base import Smooth
from hifred.functionals.poisson import PoissonLikelihood
from hifred.solvers.paper_thresholds import Threshold
from hifred.solvers.stopping import Outcome
from hifred.threads import in_slices, one_blas_thread

logger = logging.getLogger(__name__)

# A divergence is data terms above this many times the last ones plus the number of
# voxels (twice the data terms of a good model): thresholds that do not scale with
# the step may raise a cost that starts near zero.
JUMP = 1.5
MOST_HALVINGS = 40
# The cube of so many pixels stays in the cache.
PIXELS_AT_ONCE = 128
# So do a few arrays of so many images.
IMAGES_AT_ONCE = 16


@dataclass(frozen=True)
class PaperSettings:
    """How the iterations run.

    Attributes
    ----------
    step_size : float
        ``alpha``, positive; halved at every divergence.
    tolerance : float
        Relative change of the data terms at which the iterations stop.
    max_iterations : int
    """

    step_size: float = 1e-3
    tolerance: float = 1e-6
    max_iterations: int = 10_000

    def __post_init__(self) -> None:
        if not self.step_size > 0:
            raise SettingsError(
                f"step_size must be above 0; got {self.step_size}. "
                "Of the order of the expected counts of a voxel is usual."
            )


@dataclass(frozen=True)
class PaperState:
    """One iterate.

    Attributes
    ----------
    iteration : int
    estimate : (energy or component, y, x) array
        Sky cube or coefficient images.
    history : (iteration + 1, term) array
        Cost of every iterate so far: total, one column per instrument, penalty.
    step_size : float
    certificate : float
        Relative change of the data terms in the last iteration.
    outcome : Outcome or None
        None while there is more to do.
    """

    iteration: int
    estimate: np.ndarray
    history: np.ndarray
    step_size: float
    n_halvings: int = 0
    certificate: float = np.inf
    outcome: Outcome | None = None

    @property
    def cost(self) -> float:
        """Return the total cost of this iterate."""
        return float(self.history[-1, 0])

    @property
    def costs(self) -> np.ndarray:
        """Return the history."""
        return self.history

    @property
    def gaps(self) -> np.ndarray:
        """Return infinity for every iterate: nothing is proven here."""
        return np.full(len(self.history), np.inf)

    def arrays(self) -> dict[str, np.ndarray]:
        """Return everything as arrays, to be saved without pickle."""
        return {
            "estimate": self.estimate,
            "history": self.history,
            "scalars": np.array(
                [self.iteration, self.step_size, self.n_halvings, self.certificate]
            ),
            "outcome": np.array("" if self.outcome is None else self.outcome.name),
        }

    @staticmethod
    def restore(arrays: Mapping[str, np.ndarray]) -> "PaperState":
        """Return the state that `arrays` was made from."""
        iteration, step_size, n_halvings, certificate = arrays["scalars"]
        name = str(arrays["outcome"])
        return PaperState(
            int(iteration),
            np.asarray(arrays["estimate"]),
            np.asarray(arrays["history"]),
            float(step_size),
            int(n_halvings),
            float(certificate),
            Outcome[name] if name else None,
        )


def clip_cube(cube: np.ndarray) -> np.ndarray:
    """Return `cube` with its negative voxels set to zero, in place."""
    in_slices(_clip_energies, len(cube), cube)
    return cube


def _clip_energies(cube: np.ndarray, start: int, stop: int) -> None:
    np.maximum(cube[start:stop], 0, out=cube[start:stop])


def clip_images(basis: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    r"""Return the paper's clipping of coefficient images, ``W = V^T max(V W, 0)``.

    Computed as :math:`W - V^T \min(V W, 0)`, which is the same for orthonormal
    columns, and touches few energies: almost all of the cube is positive.

    Parameters
    ----------
    basis : (energy, component) array
        ``V``, with orthonormal columns.
    """

    def clip_slice(flat: np.ndarray, out: np.ndarray, start: int, stop: int) -> None:
        for left in range(start, stop, PIXELS_AT_ONCE):
            some = slice(left, min(left + PIXELS_AT_ONCE, stop))
            out[:, some] -= _negative_part(basis, flat[:, some])

    def clip(images: np.ndarray) -> np.ndarray:
        out = images.copy()
        flat = (array.reshape(len(images), -1) for array in (images, out))
        with one_blas_thread():
            in_slices(clip_slice, images[0].size, *flat, grain=PIXELS_AT_ONCE)
        return out

    return clip


def _negative_part(basis: np.ndarray, images: np.ndarray) -> np.ndarray | float:
    """Return ``V^T min(V W, 0)`` for images (component, pixel)."""
    cube = basis @ images
    if cube.min() >= 0:
        return 0.0
    below = cube.min(axis=1) < 0
    return np.asarray(basis[below].T @ np.minimum(cube[below], 0))


def spread_evenly(counts: np.ndarray, n_energies: int) -> np.ndarray:
    """Return the paper's first guess: each coarse channel spread over its energies.

    Parameters
    ----------
    counts : (channel, y, x) array
        Counts of the imager.
    n_energies : int
        Energies of the sky; every channel covers an equal share of them.
    """
    n_channels = len(counts)
    channel = np.arange(n_energies) * n_channels // n_energies
    share = np.bincount(channel, minlength=n_channels)
    return counts[channel] / share[channel][:, None, None]


@final
class PaperSolver:
    r"""Fixed steps down the gradient, a heuristic threshold, a clip.

    .. math:: x \leftarrow \mathrm{clip}\left( T\left( x - \alpha
        (\nabla L + \nabla \varphi) \right)\right)

    Parameters
    ----------
    likelihoods : mapping of str to PoissonLikelihood
        One for each instrument, in terms of the estimate.
    clip : callable
        `clip_cube` for Algorithm 2, ``clip_images(V)`` for Algorithm 1.
    smooth : Smooth, optional
        Penalty whose gradient is added.
    threshold : Threshold, optional
        Step that follows the gradient step.
    settings : PaperSettings

    Notes
    -----
    The iterations have no known limit: threshold and clip are not proximal steps of
    one objective. Use it to compare with the paper; the other solvers minimise.
    """

    def __init__(
        self,
        likelihoods: Mapping[str, PoissonLikelihood],
        clip: Callable[[np.ndarray], np.ndarray],
        *,
        smooth: Smooth | None = None,
        threshold: Threshold | None = None,
        settings: PaperSettings | None = None,
    ) -> None:
        self.likelihoods = dict(likelihoods)
        self.clip = clip
        self.smooth = smooth
        self.threshold = threshold
        self.settings = settings or PaperSettings()
        self._expected: tuple[np.ndarray, list[np.ndarray]] | None = None

    @property
    def terms(self) -> list[str]:
        """Return the names of the columns of the history."""
        return ["total", *self.likelihoods, "penalty"]

    def start(self, first_guess: np.ndarray) -> PaperState:
        """Return the state before the first step.

        Parameters
        ----------
        first_guess : (energy or component, y, x) array
            For instance `spread_evenly`, or the estimate of an earlier solve.
        """
        row = self._costs(self._model(first_guess), self._penalty(first_guess))
        state = PaperState(0, first_guess, row[None], self.settings.step_size)
        if not np.all(np.isfinite(row)):
            return replace(state, outcome=Outcome.NOT_FINITE)
        return state

    def step(self, state: PaperState) -> PaperState:
        """Return the next state; the same estimate with half the step if it diverged.

        Raises
        ------
        ValueError
            If `state` has ended.
        """
        if state.outcome is not None:
            raise ValueError(f"the solve has ended: {state.outcome.value}")
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            estimate, penalty = self._moved(state)
            expected = self._model(estimate)
            row = self._costs(expected, penalty)
        if not np.all(np.isfinite(row)) or row[1:-1].sum() > self._limit(state):
            return self._halved(state)
        self._expected = (estimate, expected)
        return self._next(state, estimate, row)

    def restore(self, arrays: Mapping[str, np.ndarray]) -> PaperState:
        """Return the state that `PaperState.arrays` came from."""
        return PaperState.restore(arrays)

    def _limit(self, state: PaperState) -> float:
        n_voxels = sum(item.counts.size for item in self.likelihoods.values())
        return JUMP * (float(state.history[-1, 1:-1].sum()) + n_voxels)

    def _next(
        self, state: PaperState, estimate: np.ndarray, row: np.ndarray
    ) -> PaperState:
        before, after = state.history[-1, 1:-1].sum(), row[1:-1].sum()
        change = abs(after - before) / max(abs(after), np.finfo(float).tiny)
        following = replace(
            state,
            iteration=state.iteration + 1,
            estimate=estimate,
            history=np.vstack([state.history, row]),
            certificate=float(change),
        )
        return replace(following, outcome=self._outcome(following))

    def _outcome(self, state: PaperState) -> Outcome | None:
        if state.certificate < self.settings.tolerance:
            return Outcome.CONVERGED
        if state.iteration >= self.settings.max_iterations:
            return Outcome.STEP_LIMIT
        return None

    def _halved(self, state: PaperState) -> PaperState:
        logger.warning(
            "the cost jumps at iteration %d; step_size goes from %.3g to %.3g",
            *(state.iteration + 1, state.step_size, state.step_size / 2),
        )
        halved = replace(
            state,
            iteration=state.iteration + 1,
            history=np.vstack([state.history, state.history[-1:]]),
            step_size=state.step_size / 2,
            n_halvings=state.n_halvings + 1,
        )
        if halved.n_halvings > MOST_HALVINGS:
            return replace(halved, outcome=Outcome.DIVERGED)
        if halved.iteration >= self.settings.max_iterations:
            return replace(halved, outcome=Outcome.STEP_LIMIT)
        return halved

    def _moved(self, state: PaperState) -> tuple[np.ndarray, float]:
        parts = self._gradient_parts(state.estimate)
        estimate = np.empty_like(state.estimate)
        arrays = (state.estimate, parts, state.step_size, estimate)
        in_slices(_descend, len(estimate), *arrays)
        if self.threshold is not None:
            estimate, penalty = self.threshold.step(estimate)
            return self.clip(estimate), penalty
        estimate = self.clip(estimate)
        return estimate, self._penalty(estimate)

    def _gradient_parts(self, estimate: np.ndarray) -> list[np.ndarray]:
        # The forward model of the last step is kept: it is half of the work.
        if self._expected is not None and self._expected[0] is estimate:
            expected = self._expected[1]
        else:
            expected = self._model(estimate)
        parts = [
            likelihood.response.adjoint(likelihood.slope(m))
            for likelihood, m in zip(self.likelihoods.values(), expected, strict=True)
        ]
        if self.smooth is not None:
            parts.append(self.smooth.gradient(estimate))
        return parts

    def _model(self, estimate: np.ndarray) -> list[np.ndarray]:
        return [item.expected_counts(estimate) for item in self.likelihoods.values()]

    def _penalty(self, estimate: np.ndarray) -> float:
        return 0.0 if self.smooth is None else self.smooth.value(estimate)

    def _costs(self, expected: Sequence[np.ndarray], penalty: float) -> np.ndarray:
        data = [
            likelihood.divergence(m)
            for likelihood, m in zip(self.likelihoods.values(), expected, strict=True)
        ]
        return np.array([sum(data) + penalty, *data, penalty])


def _descend(
    estimate: np.ndarray,
    parts: Sequence[np.ndarray],
    step_size: float,
    out: np.ndarray,
    start: int,
    stop: int,
) -> None:
    """Write a step against the sum of the gradient's `parts`, some images at once."""
    for first in range(start, stop, IMAGES_AT_ONCE):
        some = slice(first, min(first + IMAGES_AT_ONCE, stop))
        moved = out[some]
        moved[:] = parts[0][some]
        for part in parts[1:]:
            moved += part[some]
        moved *= -step_size
        moved += estimate[some]
