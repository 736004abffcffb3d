"""Which of the declared trials to compute next: Optuna's ask and tell on their grid."""

import json
import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    IntDistribution,
)
from optuna.exceptions import ExperimentalWarning

from hifred.errors import HifredError

KIND = "kind"
# Before so many scores are known, trials are drawn at random.
N_RANDOM = 5


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
    """Declared trials as a space with few dimensions, each point of it one trial.

    Parameters
    ----------
    trials : mapping
        Id to settings, of one model. Numbers have an order; all else tells kinds apart,
        and each kind has dimensions of its own.

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

    def _place(self, kind: str, settings: Mapping[str, Any]) -> Place:
        levels = self.levels[kind]
        return Place(kind, {n: levels[n].index(settings[n]) for n in levels})

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
        taken = set(merits)
        chosen: list[str] = []
        for _ in range(min(n, len(self.places) - len(taken))):
            chosen.append(self._nearest(self._ask(study), taken))
            taken.add(chosen[-1])
        return chosen

    def _study(self, merits: Mapping[str, float], seed: int) -> optuna.Study:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        with warnings.catch_warnings():
            # It calls `group`, which kinds with settings of their own need, unfinished.
            warnings.filterwarnings("ignore", category=ExperimentalWarning)
            sampler = optuna.samplers.TPESampler(
                seed=seed + len(merits), n_startup_trials=N_RANDOM, multivariate=True,
                group=True, constant_liar=True,
            )  # fmt: skip
        study = optuna.create_study(direction="maximize", sampler=sampler)
        for trial_id, merit in merits.items():
            if math.isfinite(merit) and trial_id in self.places:
                study.add_trial(self._told(self.places[trial_id], merit))
        return study

    def _told(self, place: Place, merit: float) -> optuna.trial.FrozenTrial:
        steps = {self._name(place.kind, n): step for n, step in place.steps.items()}
        distributions: dict[str, BaseDistribution] = {
            self._name(place.kind, name): self._steps_of(place.kind, name)
            for name in place.steps
        }
        return optuna.trial.create_trial(
            params={KIND: place.kind, **steps},
            distributions={KIND: self._kinds, **distributions},
            value=merit,
        )

    @property
    def _kinds(self) -> CategoricalDistribution:
        return CategoricalDistribution(list(self.levels))

    def _steps_of(self, kind: str, name: str) -> IntDistribution:
        return IntDistribution(0, len(self.levels[kind][name]) - 1)

    def _name(self, kind: str, name: str) -> str:
        return f"{list(self.levels).index(kind)} {name}"

    def _ask(self, study: optuna.Study) -> Place:
        trial = study.ask()
        kind = str(trial.suggest_categorical(KIND, self._kinds.choices))
        levels = self.levels[kind]
        return Place(
            kind,
            {
                name: trial.suggest_int(self._name(kind, name), 0, len(values) - 1)
                for name, values in levels.items()
            },
        )

    def _nearest(self, place: Place, taken: set[str]) -> str:
        """Return the trial nearest to `place` that is not taken; of its kind, if any.

        A point that was excluded, or computed before, has no trial left.
        """
        left = [trial_id for trial_id in self.places if trial_id not in taken]
        same = [i for i in left if self.places[i].kind == place.kind]
        return min(same or left, key=lambda i: self._distance(place, self.places[i]))

    def _distance(self, one: Place, other: Place) -> float:
        if one.kind != other.kind:
            return 0.0
        levels = self.levels[one.kind]
        return sum(
            ((step - other.steps[name]) / len(levels[name])) ** 2
            for name, step in one.steps.items()
        )


def is_ordered(name: str, value: object) -> bool:
    """Say whether neighbours of a setting's value tell something of it."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and name != "seed"


def _kind(settings: Mapping[str, Any]) -> str:
    plain = {n: v for n, v in settings.items() if not is_ordered(n, v)}
    return json.dumps([plain, sorted({*settings} - {*plain})], sort_keys=True)
