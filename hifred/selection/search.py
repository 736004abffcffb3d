"""Which of the declared trials to compute next: Optuna's ask and tell on their grid."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, IntDistribution
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, TrialState

from hifred.errors import HifredError
from hifred.selection.expected_improvement import MOST_POINTS, GridModel

# The one parameter of the study: the number of a declared trial.
TRIAL = "trial"


@final
@dataclass(frozen=True)
class Place:
    """Where a trial lies among those that were declared.

    Parameters
    ----------
    kind : str
        Its settings that have no order, such as the regularizer, as JSON.
    steps : mapping
        For each setting with an order, the number of its value among those declared.
    """

    kind: str
    steps: Mapping[str, int]


@final
class SearchSpace:
    """Declared trials as points of a space with few dimensions.

    Parameters
    ----------
    trials : mapping
        Id to settings, of one model. Numbers have an order; all else tells kinds apart.

    Raises
    ------
    HifredError
        If there is no trial.
    """

    def __init__(self, trials: Mapping[str, Mapping[str, Any]]) -> None:
        if not trials:
            raise HifredError("a search must have at least one declared trial.")
        kinds = {trial_id: _kind(settings) for trial_id, settings in trials.items()}
        self.levels: dict[str, dict[str, list[float]]] = {}
        for trial_id, settings in trials.items():
            levels = self.levels.setdefault(kinds[trial_id], {})
            for name, value in settings.items():
                if is_ordered(name, value):
                    levels.setdefault(name, []).append(value)
        for levels in self.levels.values():
            levels |= {name: sorted(set(values)) for name, values in levels.items()}
        self.places = {
            trial_id: self._place(kinds[trial_id], settings)
            for trial_id, settings in trials.items()
        }
        self._grid = GridModel(self._points())

    def _place(self, kind: str, settings: Mapping[str, Any]) -> Place:
        levels = self.levels[kind]
        return Place(kind, {n: levels[n].index(settings[n]) for n in levels})

    def _points(self) -> np.ndarray:
        """Return (trial, axis): how far along each setting it is, and its kind.

        Kinds are so far apart that they need not tell anything of each other.
        """
        names = sorted({name for levels in self.levels.values() for name in levels})
        numbers = {kind: float(n) for n, kind in enumerate(self.levels)}
        rows = [
            [numbers[place.kind], *(self._share(place, name) for name in names)]
            for place in self.places.values()
        ]
        return np.array(rows)

    def _share(self, place: Place, name: str) -> float:
        """Return how far along a setting a place is; the middle where it has none."""
        n_steps = len(self.levels[place.kind].get(name, ())) - 1
        return place.steps[name] / n_steps if n_steps > 0 else 0.5

    def suggest(self, merits: Mapping[str, float], n: int, seed: int) -> list[str]:
        """Return up to `n` trials to compute next, none of them known yet.

        Parameters
        ----------
        merits : mapping
            Id to merit of the trials that are known: more is better, NaN = it failed.
        n : int
            How many; fewer where few are left.
        seed : int
            The same seed and merits give the same trials.
        """
        study = self._study(merits, seed)
        ids = list(self.places)
        n_left = len(ids) - sum(trial_id in merits for trial_id in ids)
        asked = [study.ask(self._numbers) for _ in range(min(n, n_left))]
        return [ids[trial.params[TRIAL]] for trial in asked]

    @property
    def _numbers(self) -> dict[str, BaseDistribution]:
        return {TRIAL: IntDistribution(0, len(self.places) - 1)}

    def _study(self, merits: Mapping[str, float], seed: int) -> optuna.Study:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        sampler = GridSampler(self._grid, seed + len(merits))
        study = optuna.create_study(direction="maximize", sampler=sampler)
        study.add_trials(
            [
                self._told(number, merits[trial_id])
                for number, trial_id in enumerate(self.places)
                if trial_id in merits
            ]
        )
        return study

    def _told(self, number: int, merit: float) -> FrozenTrial:
        is_done = math.isfinite(merit)
        return optuna.trial.create_trial(
            params={TRIAL: number},
            distributions=self._numbers,
            value=merit if is_done else None,
            state=TrialState.COMPLETE if is_done else TrialState.FAIL,
        )


@final
class GridSampler(BaseSampler):
    """Chooses the number of the point with the largest expected improvement."""

    def __init__(self, grid: GridModel, seed: int) -> None:
        self._grid = grid
        self._rng = np.random.default_rng(seed)

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        return {}

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, Any]
    ) -> dict[str, Any]:
        return {}

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> int:
        done = _scores(study, TrialState.COMPLETE)
        failed = _scores(study, TrialState.FAIL)
        waiting = list(_scores(study, TrialState.RUNNING))
        known = [*done, *failed, *waiting]
        left = np.setdiff1d(np.arange(self._grid.n_points), known)
        left = self._rng.permutation(left)[:MOST_POINTS]
        if not done or len(done) + len(waiting) < self._grid.n_first:
            return self._grid.farthest(known, left)
        # The neighbours of what failed may fail too.
        done |= dict.fromkeys(failed, min(done.values()))
        return self._grid.most_promising(done, waiting, left)


def _scores(study: optuna.Study, state: TrialState) -> dict[int, float]:
    """Return the numbers of the trials in a state, and their scores, NaN without."""
    return {
        trial.params[TRIAL]: math.nan if trial.value is None else trial.value
        for trial in study.get_trials(deepcopy=False, states=(state,))
        if trial.params
    }


def is_ordered(name: str, value: object) -> bool:
    """Say whether neighbours of a setting's value tell something of it."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and name != "seed"


def _kind(settings: Mapping[str, Any]) -> str:
    plain = {n: v for n, v in settings.items() if not is_ordered(n, v)}
    return json.dumps([plain, sorted({*settings} - {*plain})], sort_keys=True)
