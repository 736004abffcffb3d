"""The compiled cube of low rank does what a slack that stores its changes does."""

import numpy as np
import pytest

from hifred.functionals.positivity import PositiveCube
from hifred.solvers.cube_slack import CubeSlack
from hifred.solvers.slack import Slack
from hifred.threads import use_threads

TOLERANCE = {np.float32: 2e-5, np.float64: 1e-12}


@pytest.fixture(params=[(np.float32, 4), (np.float64, 4), (np.float64, 5)])
def case(request):
    dtype, rank = request.param
    rng = np.random.default_rng(1)
    n_pixels, n_energies = 37, 61
    positive = PositiveCube(rng.normal(size=(n_energies, rank)), dtype)
    value, multiplier = rng.uniform(0.1, 2, (2, n_pixels, n_energies)).astype(dtype)
    unmade = CubeSlack(value, multiplier, positive.spectra)
    stored = Slack(value, multiplier, np.zeros(1, dtype))
    steps = 0.05 * rng.normal(size=(2, rank, n_pixels))
    return positive, unmade, stored, steps, TOLERANCE[dtype]


@pytest.mark.parametrize("threads", [1, 3])
def test_prediction(case, threads):
    positive, unmade, stored, (step, _), tolerance = case
    with use_threads(threads):
        found = unmade.predict(step)
    expected = stored.predict(positive.cube(step))
    for name in ("fastest", "product", "second_order"):
        assert getattr(found, name) == pytest.approx(
            getattr(expected, name), rel=tolerance
        )


@pytest.mark.parametrize("threads", [1, 3])
def test_corrected_step(case, threads):
    positive, unmade, stored, (first, second), tolerance = case
    first_cube, second_cube = positive.cube(first), positive.cube(second)
    with use_threads(threads):
        corrected = unmade.corrected(first, 0.3)
        pulled = unmade.pull(corrected)
        fastest = unmade.fastest(second, corrected)
        moved = unmade.moved(second, corrected, (0.3, 0.4))
    expected = stored.corrected(first_cube, 0.3)
    np.testing.assert_allclose(
        pulled, positive.adjoint(expected), rtol=tolerance, atol=10 * tolerance
    )
    assert fastest == pytest.approx(
        stored.fastest(second_cube, expected), rel=tolerance
    )
    goal = stored.moved(second_cube, expected, (0.3, 0.4))
    for name in ("value", "multiplier"):
        np.testing.assert_allclose(
            getattr(moved, name), getattr(goal, name), rtol=tolerance, atol=tolerance
        )


def test_threads_change_nothing(case):
    _, unmade, _, (first, second), _ = case
    corrected = unmade.corrected(first, 0.3)
    results = []
    for threads in (1, 2, 5):
        with use_threads(threads):
            prediction = unmade.predict(second)
            moved = unmade.moved(second, corrected, (0.5, 0.6))
            results.append((prediction, moved.multiplier.tobytes()))
    assert results[0] == results[1] == results[2]
