"""One trial of a fusion: fits of thinned counts, if asked for, then the fit itself."""

import math
from dataclasses import replace
from pathlib import Path
from typing import final

import numpy as np
import xarray as xr

from hifred.errors import HifredError
from hifred.fusion import Fusion
from hifred.measures import measure_fusion
from hifred.selection import (
    SCORES,
    score,
    split_observations,
    summarise_splits,
)
from hifred.solvers.stopping import Outcome
from hifred.store.fusion_input import open_fusion_input
from hifred.sweep.kernels.fusion_task import FusionTask
from hifred.sweep.kernels.kernel import Arrays, TrialStep

DIVERGED = (Outcome.DIVERGED, Outcome.NOT_FINITE)
# In a saved state, what belongs to the trial and not to the fit at work.
_OF_TRIAL = "trial_"
_SCORES, _ITERATIONS = f"{_OF_TRIAL}scores", f"{_OF_TRIAL}iterations"
_OBJECTIVE = {"units": "1", "long_name": "objective at the end", "direction": "lower"}


@final
class FusionAttempt:
    """The fits of one trial, one after the other, each resumable.

    Parameters
    ----------
    input_path : path
        The fusion input.
    task : FusionTask
        What to fit, and on which counts first.
    state : mapping of arrays or None
        What `state` returned before.
    initial : Dataset or None
        A result to start the last fit from.
    """

    def __init__(
        self,
        input_path: Path,
        task: FusionTask,
        state: Arrays | None,
        initial: xr.Dataset | None,
    ) -> None:
        self._settings = task.fusion
        self._split = task.held_out
        self._seeds = () if self._split is None else self._split.seeds
        self._initial = initial
        self._input = open_fusion_input(input_path)
        self._scores: list[dict[str, float]] = []
        self._earlier_iterations = 0
        if state is None:
            self._begin()
        else:
            self._restore(state)

    def _begin(self, arrays: Arrays | None = None) -> None:
        """Start, or go on with, the fit whose turn it is."""
        observations = self._input.observations
        if self._split is not None and self._is_split:
            seed = self._seeds[len(self._scores)]
            observations, self._held_out = split_observations(
                observations, self._split.fraction, seed
            )
        self._fusion = Fusion(observations, self._settings)
        if arrays is not None:
            self._state = self._fusion.restore(arrays)
        elif self._initial is not None and not self._is_split:
            self._state = self._fusion.start(self._initial)
        else:
            self._state = self._fusion.start()
        self._first_gap = float(self._state.certificate)

    @property
    def _is_split(self) -> bool:
        return len(self._scores) < len(self._seeds)

    def _restore(self, state: Arrays) -> None:
        rows = np.asarray(state[_SCORES]).reshape(-1, len(SCORES))
        self._scores = [dict(zip(SCORES, map(float, r), strict=True)) for r in rows]
        self._earlier_iterations = int(state[_ITERATIONS])
        own = {k: v for k, v in state.items() if not k.startswith(_OF_TRIAL)}
        self._begin(own)

    def state(self) -> dict[str, np.ndarray]:
        """Return the fit at work and the scores of those before it."""
        rows = [[found[name] for name in SCORES] for found in self._scores]
        return {
            **self._state.arrays(),
            _SCORES: np.array(rows, dtype=float).reshape(-1, len(SCORES)),
            _ITERATIONS: np.array(self._earlier_iterations),
        }

    def step(self) -> TrialStep:
        """Do one iteration of the fit whose turn it is."""
        if self._state.outcome is None:
            self._state = self._fusion.step(self._state)
        told = TrialStep(
            self._earlier_iterations + int(self._state.iteration),
            float(self._state.cost),
            done=False,
            fraction=self._progress(),
        )
        if self._state.outcome is None:
            return told
        if not self._is_split:
            return replace(told, done=True, fraction=1.0)
        self._score(self._state.outcome)
        return told

    def _score(self, outcome: Outcome) -> None:
        if not outcome.is_usable:
            raise HifredError(f"held-out fit: {outcome.value}")
        result = self._fusion.result(self._state)
        self._scores.append(dict(score(result, self._held_out, self._settings)))
        self._earlier_iterations += int(self._state.iteration)
        self._begin()

    def _progress(self) -> float | None:
        """Guess how far it is: the certificate falls about exponentially."""
        gap, aim = float(self._state.certificate), self._settings.tolerance
        if not math.isfinite(self._first_gap):
            self._first_gap = gap
        if not (math.isfinite(gap) and self._first_gap > aim and gap > 0):
            return None
        way = math.log(self._first_gap / gap) / math.log(self._first_gap / aim)
        n_fits = len(self._seeds) + 1
        return (len(self._scores) + min(max(way, 0.0), 1.0)) / n_fits

    def result(self) -> xr.Dataset:
        """Return cube, history and measures; raises what cannot be compared."""
        outcome = self._state.outcome
        diverged = outcome in DIVERGED
        if outcome is not None and not (outcome.is_usable or diverged):
            raise HifredError(outcome.value)
        result = self._fusion.result(self._state)
        if diverged:
            return result
        cost = ((), float(self._state.cost), _OBJECTIVE)
        measured = result.merge(measure_fusion(result, self._input))
        if self._scores:
            scores = summarise_splits(self._scores, self._seeds)
            measured = measured.merge(scores.drop_dims("split"))
        return measured.assign(objective=cost)
