"""What a few scores of a grid say about its other points."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

pytest.importorskip("sklearn")

from hifred.selection import expected_improvement as module
from hifred.selection.expected_improvement import GridModel, expected_improvement

LINE = np.linspace(0, 1, 11)[:, None]
REST = np.arange(1, 10)


@pytest.mark.parametrize(("gain", "error"), [(0.3, 0.2), (-0.5, 0.4), (0.0, 1.0)])
def test_an_improvement_is_the_mean_of_what_is_above_zero(
    gain: float, error: float
) -> None:
    above, _ = quad(lambda x: x * norm.pdf(x, gain, error), 0, gain + 12 * error)
    found = expected_improvement(np.array([gain]), np.array([error]))
    assert found == pytest.approx(above)


def test_of_equal_scores_the_gap_is_looked_at() -> None:
    assert GridModel(LINE).most_promising({0: 1.0, 10: 1.0}, [], REST) == 5


def test_scores_that_rise_are_followed() -> None:
    merits = {0: 0.0, 2: 4.0, 4: 7.0}
    assert GridModel(LINE).most_promising(merits, [], np.arange(5, 11)) > 5


def test_what_is_waited_for_is_not_looked_for_again() -> None:
    model, merits = GridModel(LINE), {0: 1.0, 10: 1.0}
    assert abs(model.most_promising(merits, [5], np.array([1, 2, 4, 8])) - 5) > 1


def test_without_scores_points_lie_far_apart() -> None:
    model = GridModel(LINE)
    assert model.farthest([], np.arange(11)) == 5
    assert model.farthest([5, 0], np.arange(11)) == 10


def test_an_axis_without_steps_counts_for_nothing() -> None:
    flat = np.hstack([LINE, np.full_like(LINE, 0.5)])
    assert GridModel(flat).n_first == GridModel(LINE).n_first == 2


def test_of_very_many_scores_best_and_worst_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MOST_SCORES", 9)
    grid = np.linspace(0, 1, 101)[:, None]
    merits = {i: -((i / 100 - 0.73) ** 2) for i in range(0, 101, 4)}
    left = np.setdiff1d(np.arange(101), list(merits))
    assert abs(GridModel(grid).most_promising(merits, [], left) - 73) <= 4
