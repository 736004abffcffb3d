"""Algorithms 1 and 2 of the HIFReD paper, corrected, for comparison."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import final

import numpy as np

from hifred.errors import SettingsError
from hifred.functionals.base import Smooth
from hifred.functionals.poisson import PoissonLikelihood
from hifred.solvers.paper_state import PaperState
from hifred.solvers.paper_step import Pace
from hifred.solvers.paper_thresholds import Threshold
from hifred.solvers.stopping import Outcome
from hifred.threads import in_slices, one_blas_thread

logger = logging.getLogger(__name__)

# A step diverges if it raises what it descends by this much for each voxel, where a
# good model has a half: less is rounding. Steps that may raise it by a hundredth go up
# and down until the model is near zero under a count, and the cost jumps for good.
JUMP = 1e-4
# The smallest step is the first one halved so often.
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
        ``alpha``, positive; halved at every divergence, and later doubled again.
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
        size = self.settings.step_size
        state = PaperState(0, first_guess, row[None], Pace(size, size))
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
            descended = self._descended(state)
            estimate, penalty = self._clipped(descended.copy())
            expected = self._model(estimate)
            row = self._costs(expected, penalty)
            if self._diverges(state, descended, row):
                return self._halved(state)
        self._expected = (estimate, expected)
        return self._next(state, estimate, row)

    def restore(self, arrays: Mapping[str, np.ndarray]) -> PaperState:
        """Return the state that `PaperState.arrays` came from."""
        return PaperState.restore(arrays)

    def _diverges(
        self, state: PaperState, descended: np.ndarray, row: np.ndarray
    ) -> bool:
        """Say whether the step goes up, and neither threshold nor clip is to blame."""
        if not np.all(np.isfinite(row)):
            return True
        n_voxels = sum(item.counts.size for item in self.likelihoods.values())
        before = self._descent(state.history[-1])
        if self._descent(row) <= before + JUMP * n_voxels:
            return False
        clipped = self._descent_of(self.clip(state.estimate.copy()))
        limit = max(before, clipped) + JUMP * n_voxels
        return not self._descent_of(self.clip(descended.copy())) <= limit

    def _descent_of(self, estimate: np.ndarray) -> float:
        expected = self._model(estimate)
        return self._descent(self._costs(expected, self._penalty(estimate)))

    def _descent(self, row: np.ndarray) -> float:
        """Return the part of the costs that the gradient belongs to."""
        return float(row[1:-1].sum() + (0 if self.smooth is None else row[-1]))

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
            pace=state.pace.after_good_step(),
            certificate=float(change / state.pace.share),
        )
        return replace(following, outcome=self._outcome(following))

    def _outcome(self, state: PaperState) -> Outcome | None:
        if state.certificate < self.settings.tolerance:
            return Outcome.CONVERGED
        if state.iteration >= self.settings.max_iterations:
            return Outcome.STEP_LIMIT
        return None

    def _halved(self, state: PaperState) -> PaperState:
        level = logging.INFO if state.n_halvings else logging.WARNING
        logger.log(
            level,
            "the cost jumps at iteration %d; step_size goes from %.3g to %.3g",
            *(state.iteration + 1, state.step_size, state.step_size / 2),
        )
        halved = replace(
            state,
            iteration=state.iteration + 1,
            history=np.vstack([state.history, state.history[-1:]]),
            pace=state.pace.halved(),
        )
        if halved.step_size < self.settings.step_size / 2**MOST_HALVINGS:
            return replace(halved, outcome=Outcome.DIVERGED)
        if halved.iteration >= self.settings.max_iterations:
            return replace(halved, outcome=Outcome.STEP_LIMIT)
        return halved

    def _descended(self, state: PaperState) -> np.ndarray:
        parts = self._gradient_parts(state.estimate)
        descended = np.empty_like(state.estimate)
        arrays = (state.estimate, parts, state.step_size, descended)
        in_slices(_descend, len(descended), *arrays)
        return descended

    def _clipped(self, descended: np.ndarray) -> tuple[np.ndarray, float]:
        """Return the estimate after threshold and clip, and its penalty."""
        if self.threshold is not None:
            estimate, penalty = self.threshold.step(descended)
            return self.clip(estimate), penalty
        estimate = self.clip(descended)
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
        # Below zero are rounding, of dark pixels, and what the projection on few
        # spectra leaves: the slopes of the formula's extension there would carry
        # everything away.
        return [
            np.maximum(likelihood.expected_counts(estimate), 0)
            for likelihood in self.likelihoods.values()
        ]

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
