"""The one loop that drives every solver."""

from dataclasses import dataclass, replace

import numpy as np

from hifred.solvers.solver import iterate, solve
from hifred.solvers.stopping import Outcome


@dataclass(frozen=True)
class Count:
    iteration: int = 0
    outcome: Outcome | None = None


class CountTo:
    def __init__(self, last: int) -> None:
        self.last = last

    def step(self, state: Count) -> Count:
        following = replace(state, iteration=state.iteration + 1)
        ended = following.iteration == self.last
        return replace(following, outcome=Outcome.CONVERGED if ended else None)


def test_it_stops_at_the_first_outcome():
    seen = []
    end = solve(CountTo(3), Count(), on_step=seen.append)
    assert [state.iteration for state in seen] == [1, 2, 3]
    assert end is seen[-1]
    assert seen == list(iterate(CountTo(3), Count()))


def test_what_has_ended_stays_as_it_is():
    ended = Count(5, Outcome.EMPTY)
    assert solve(CountTo(9), ended) is ended
    assert np.size(list(iterate(CountTo(9), ended))) == 0
