"""Fits that follow one another, each from what those before it have taught."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Generic, TypeAlias, final

import numpy as np
import xarray as xr

from hifred.fusion.method import Method
from hifred.solvers.solver import S
from hifred.solvers.stopping import Outcome

# What fits have taught, by name: all that the next one is made from.
Lessons: TypeAlias = Mapping[str, np.ndarray]
_LESSON, _CURRENT = "lesson_", "current_"


class Course(ABC, Generic[S]):
    """What is fitted first, what comes next, and when it is enough.

    A fit must follow from the lessons alone, and the same one each time, so that a
    fusion that is resumed in its third round ends as if it had not stopped.

    Attributes
    ----------
    certificate_kind : str
        What the certificates of its fits are.
    """

    certificate_kind: str

    @abstractmethod
    def method(self, lessons: Lessons) -> Method[S]:
        """Return the fit that follows from `lessons`; there are none at first."""

    @abstractmethod
    def learn(self, lessons: Lessons, state: S) -> Lessons | None:
        """Return all lessons after the fit that ended in `state`; None ends the course.

        Fits that ended without a usable estimate end it too.
        """

    def begin(self, method: Method[S], last: S) -> S:
        """Return the first state of a fit that follows one that ended in `last`."""
        return method.start()

    def choices(self, lessons: Lessons) -> xr.Dataset:
        """Return what the course has chosen, for the result; see `Method.extras`."""
        return xr.Dataset()


@final
@dataclass(frozen=True)
class RoundsState(Generic[S]):
    """The state of the fit at work, and what those before it have taught.

    Attributes
    ----------
    current : State
        Cost, history and certificate are those of this fit.
    lessons : mapping of str to array
        What `current` was made from.
    n_earlier : int
        Iterations of the fits before it.
    outcome : Outcome or None
        That of the last fit; None while there is more to do.
    """

    current: S
    lessons: Lessons
    n_earlier: int = 0
    outcome: Outcome | None = None

    @property
    def iteration(self) -> int:
        return self.n_earlier + self.current.iteration

    @property
    def cost(self) -> float:
        return self.current.cost

    @property
    def costs(self) -> np.ndarray:
        return self.current.costs

    @property
    def gaps(self) -> np.ndarray:
        return self.current.gaps

    @property
    def certificate(self) -> float:
        return self.current.certificate

    def arrays(self) -> dict[str, np.ndarray]:
        """Return everything as plain arrays, to be saved."""
        current = self.current.arrays()
        return {
            "n_earlier": np.array(self.n_earlier),
            **{f"{_LESSON}{name}": array for name, array in self.lessons.items()},
            **{f"{_CURRENT}{name}": array for name, array in current.items()},
        }


@final
class Rounds(Method[RoundsState[S]]):
    """The fits of a course, one after the other, as one.

    Parameters
    ----------
    course : Course
    """

    def __init__(self, course: Course[S]) -> None:
        self._course = course
        self._none: Lessons = {}
        self._made: tuple[Lessons, Method[S]] | None = None
        self.certificate_kind = course.certificate_kind
        self.solver = self

    def start(self) -> RoundsState[S]:
        return RoundsState(self._method(self._none).start(), self._none)

    def start_near(self, initial: xr.Dataset) -> RoundsState[S]:
        """Return a state whose first fit starts near an earlier result."""
        return RoundsState(self._method(self._none).start_near(initial), self._none)

    def step(self, state: RoundsState[S]) -> RoundsState[S]:
        """Return the next state; the one that ends a fit begins the next."""
        solver = self._method(state.lessons).solver
        state = replace(state, current=solver.step(state.current))
        outcome = state.current.outcome
        return state if outcome is None else self._next_round(state, outcome)

    def restore(self, arrays: Mapping[str, np.ndarray]) -> RoundsState[S]:
        """Return the state that `RoundsState.arrays` came from."""
        lessons, current = (_named(arrays, prefix) for prefix in (_LESSON, _CURRENT))
        state = self._method(lessons).solver.restore(current)
        # Only the last fit of a course is kept after its end.
        return RoundsState(state, lessons, int(arrays["n_earlier"]), state.outcome)

    def scaled_flux(self, state: RoundsState[S]) -> np.ndarray:
        return self._method(state.lessons).scaled_flux(state.current)

    def extras(self, state: RoundsState[S]) -> xr.Dataset:
        own = self._method(state.lessons).extras(state.current)
        return own.merge(self._course.choices(state.lessons))

    def _next_round(self, state: RoundsState[S], outcome: Outcome) -> RoundsState[S]:
        lessons = None
        if outcome.is_usable:
            lessons = self._course.learn(state.lessons, state.current)
        if lessons is None:
            return replace(state, outcome=outcome)
        first = self._course.begin(self._method(lessons), state.current)
        return RoundsState(first, lessons, state.iteration)

    def _method(self, lessons: Lessons) -> Method[S]:
        # Kept from step to step: to make one is much of the work.
        if self._made is None or self._made[0] is not lessons:
            self._made = lessons, self._course.method(lessons)
        return self._made[1]


def _named(arrays: Mapping[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    return {
        name.removeprefix(prefix): array
        for name, array in arrays.items()
        if name.startswith(prefix)
    }
