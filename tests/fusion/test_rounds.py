"""Fits in rounds: one state, saved and gone on from anywhere, the last fit's result."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_array_equal

from hifred.functionals.sobolev import SquaredDifferences
from hifred.fusion import FusionSettings, fuse
from hifred.fusion.assembly import Assembly
from hifred.fusion.low_rank_method import LowRankMethod
from hifred.fusion.rounds import Course, Lessons, Rounds
from hifred.fusion.subspace import Subspace
from hifred.solvers.interior_point import InteriorPointState
from hifred.solvers.solver import iterate, solve
from hifred.solvers.stopping import Outcome
from tests.scenes import observe, sky_cube

FIRST = FusionSettings(regularizer="lrs", mu=0.03, rank=3, precision="float64")
WEAKER = [0.01, 0.003]


class Weakening(Course[InteriorPointState]):
    """Fits that follow each other with less and less of a penalty."""

    certificate_kind = "relative duality gap"

    def __init__(self, assembly: Assembly, settings: FusionSettings = FIRST) -> None:
        self.subspace = Subspace.of_rank(assembly, 3)
        self.settings = settings
        self.n_made = 0

    def method(self, lessons: Lessons) -> LowRankMethod:
        self.n_made += 1
        mu = float(lessons.get("mu", FIRST.mu))
        return LowRankMethod(
            self.subspace, self.settings, penalty=SquaredDifferences(mu)
        )

    def learn(self, lessons: Lessons, state: InteriorPointState) -> Lessons | None:
        n_rounds = int(lessons.get("n", 0))
        if n_rounds == len(WEAKER):
            return None
        return {"mu": np.array(WEAKER[n_rounds]), "n": np.array(n_rounds + 1)}

    def begin(self, method: LowRankMethod, last: InteriorPointState):
        return method.start_at(method.images(last))

    def choices(self, lessons: Lessons) -> xr.Dataset:
        return xr.Dataset({"chosen_mu": float(lessons["mu"])})


@pytest.fixture(scope="module")
def observations() -> dict[str, xr.Dataset]:
    return observe(sky_cube((24, 9, 6)), rng=np.random.default_rng(3))


@pytest.fixture
def assembly(observations) -> Assembly:
    return Assembly(observations, FIRST)


def test_the_last_fit_is_the_result(assembly, observations):
    rounds = Rounds(course := Weakening(assembly))
    states = list(iterate(rounds, rounds.start()))
    end = states[-1]
    assert course.n_made == 3
    assert end.outcome is Outcome.CONVERGED
    assert end.certificate <= FIRST.tolerance
    steps = np.diff([state.iteration for state in states])
    assert set(steps) <= {0, 1}
    assert end.iteration > len(end.costs)
    alone = fuse(observations, FIRST.changed(mu=WEAKER[-1]))
    assert end.cost == pytest.approx(float(alone["cost"][-1, 0]), rel=2e-4)
    assert float(rounds.extras(end)["chosen_mu"]) == WEAKER[-1]
    assert "coefficients" in rounds.extras(end)


def test_a_course_goes_on_from_every_state_as_if_it_had_not_stopped(assembly):
    rounds = Rounds(Weakening(assembly))
    states = [first := rounds.start(), *iterate(rounds, first)]
    assert len({len(state.lessons) for state in states}) == 2
    for state in states[:: max(1, len(states) // 6)] + states[-2:]:
        fresh = Rounds(Weakening(assembly))
        end = solve(fresh, fresh.restore(state.arrays()))
        assert end.iteration == states[-1].iteration
        cube = rounds.scaled_flux(states[-1])
        assert_array_equal(fresh.scaled_flux(end), cube)
        assert_array_equal(end.costs, states[-1].costs)


def test_a_course_ends_with_a_fit_that_is_no_estimate(assembly, monkeypatch):
    rounds = Rounds(Weakening(assembly))
    state = rounds.start()
    lost = replace(state.current, outcome=Outcome.NOT_FINITE)
    solver = rounds._method(state.lessons).solver
    monkeypatch.setattr(solver, "step", lambda current: lost)
    assert rounds.step(state).outcome is Outcome.NOT_FINITE


def test_a_limit_of_iterations_is_that_of_each_fit(assembly):
    rounds = Rounds(Weakening(assembly, FIRST.changed(max_iterations=2)))
    end = solve(rounds, rounds.start())
    assert end.outcome is Outcome.STEP_LIMIT
    assert end.iteration == 6
