"""What every solver and its states offer, and the one loop that drives them."""

from collections.abc import Callable, Iterator, Mapping
from typing import Protocol, TypeVar

import numpy as np

from hifred.solvers.stopping import Outcome


class State(Protocol):
    """One iterate of a solver, frozen, and enough to go on from.

    Attributes
    ----------
    iteration : int
        Iterations done.
    cost : float
        Objective of this iterate.
    costs : (n, term) array
        Total, every instrument, penalty: of the iterates so far.
    gaps : (n,) array
        Relative duality gap of each; infinite where there is none.
    certificate : float
        What tells how far the minimum is; infinite while nothing does.
    outcome : Outcome or None
        None while there is more to do.
    """

    @property
    def iteration(self) -> int: ...

    @property
    def cost(self) -> float: ...

    @property
    def costs(self) -> np.ndarray: ...

    @property
    def gaps(self) -> np.ndarray: ...

    @property
    def certificate(self) -> float: ...

    @property
    def outcome(self) -> Outcome | None: ...

    def arrays(self) -> dict[str, np.ndarray]:
        """Return everything as plain arrays, to be saved without pickle."""
        ...


S = TypeVar("S", bound=State)


class Solver(Protocol[S]):
    """Takes a state to the next; how it begins is its own business."""

    def step(self, state: S) -> S:
        """Return the next state, or the same one with its outcome."""
        ...

    def restore(self, arrays: Mapping[str, np.ndarray]) -> S:
        """Return the state that `arrays()` came from.

        A solve that goes on from it ends bit for bit where it would have.
        """
        ...


def iterate(solver: Solver[S], state: S) -> Iterator[S]:
    """Yield the states that follow `state`, up to the first with an outcome."""
    while state.outcome is None:
        state = solver.step(state)
        yield state


def solve(solver: Solver[S], state: S, on_step: Callable[[S], None] | None = None) -> S:
    """Return the state in which a solve ends.

    Parameters
    ----------
    solver : Solver
    state : State
        Where it begins.
    on_step : callable, optional
        Called with every new state.
    """
    for following in iterate(solver, state):
        state = following
        if on_step is not None:
            on_step(state)
    return state
