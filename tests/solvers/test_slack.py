"""Multipliers of what must stay positive."""

import numpy as np
from numpy.testing import assert_array_equal

from hifred.solvers.slack import Slack


def test_a_voxel_that_no_light_reaches_has_no_multiplier() -> None:
    value = np.array([[0.0, 2.0, 4.0]])
    target = np.array([[0.0, 3.0, 0.0]])
    slack = Slack(value, np.array([[0.0, 1.5, 0.0]]), target)
    with np.errstate(all="raise"):
        assert_array_equal(slack.inverse(), [[0.0, 1.5, 0.0]])


def test_a_constraint_has_a_target_of_zero_everywhere() -> None:
    slack = Slack(np.array([1.0, 2.0]), np.ones(2), np.zeros(1))
    assert slack.is_constraint
    assert_array_equal(slack.inverse(), [0.0, 0.0])
