"""The step of the paper's iterations: how it shrinks, grows back, where it begins."""

from dataclasses import replace

import numpy as np
import pytest

from hifred.functionals.poisson import PoissonLikelihood
from hifred.operators.response import Response
from hifred.operators.structure import structure
from hifred.solvers.paper_step import FEWEST_COUNTS, STEADY, Pace, automatic_step

PACE = Pace(1.0, 1.0)


def after(pace: Pace, n_good: int) -> Pace:
    for _ in range(n_good):
        pace = pace.after_good_step()
    return pace


def test_a_halved_step_grows_back_after_some_good_ones() -> None:
    halved = after(PACE, 1).halved().halved()
    assert (halved.step_size, halved.n_halvings, halved.share) == (0.25, 2, 0.25)
    assert after(halved, STEADY - 1).step_size == 0.25
    assert after(halved, STEADY).step_size == 0.5
    assert after(halved, 5 * STEADY).step_size == 1.0


def test_a_length_that_was_never_good_is_not_tried_again() -> None:
    assert PACE.halved().ceiling == 0.5
    assert after(PACE, 1).halved().ceiling == 1.0
    tried_in_vain = replace(PACE.halved(), n_steady=STEADY)
    assert after(tried_in_vain, 5 * STEADY).step_size == 0.5


def dim_likelihood(level: float) -> PoissonLikelihood:
    one = structure(np.eye(1))
    response = Response([(one, one)], (1, 1, 1), (1, 1, 1))
    return PoissonLikelihood(response, np.full((1, 1, 1), level))


@pytest.mark.parametrize("level", [40.0, 0.5, 1e-6])
def test_the_automatic_step_is_that_of_the_variance_of_the_counts(level) -> None:
    guess = np.full((1, 1, 1), level)
    step = automatic_step({"imager": dim_likelihood(level)}, guess)
    assert step == pytest.approx(max(level, FEWEST_COUNTS))
