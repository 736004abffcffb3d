"""The values of one swept setting."""

import numpy as np
import pytest

from hifred.errors import SettingsError
from hifred.sweep.plan.values import swept_values


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (3, [3]),
        ("lrs", ["lrs"]),
        ([1, 2], [1, 2]),
        (np.array([1.5, 2.5]), [1.5, 2.5]),
        ({"linspace": [0, 1, 5]}, [0.0, 0.25, 0.5, 0.75, 1.0]),
        ({"logspace": [0.001, 0.1, 3]}, [0.001, 0.01, 0.1]),
        ({"range": [5, 20, 5]}, [5, 10, 15, 20]),
        ({"range": [0.1, 0.4, 0.1]}, [0.1, 0.2, 0.3, 0.4]),
        ({"range": [3, 1, -1]}, [3, 2, 1]),
        ({"linspace": [2, 3, 1]}, [2.0]),
    ],
)
def test_what_a_value_stands_for(given: object, expected: list) -> None:
    assert swept_values("mu", given) == expected


def test_a_range_of_integers_stays_integers() -> None:
    assert all(type(v) is int for v in swept_values("rank", {"range": [1, 9, 2]}))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "at least one value"),
        ({"logspce": [1, 2, 3]}, "did you mean 'logspace'"),
        ({"logspace": [1, 2]}, "three numbers"),
        ({"logspace": [0, 2, 3]}, "positive ends"),
        ({"linspace": [0, 2, 2.5]}, "whole number of steps"),
        ({"linspace": [0, 2, 0]}, "whole number of steps"),
        ({"range": [1, 2, 0]}, "a step that leads"),
        ({"range": [1, 2, -1]}, "a step that leads"),
        ({"range": [1, 2, 1], "linspace": [1, 2, 3]}, "one range"),
    ],
)
def test_what_makes_no_sense_is_refused(given: object, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        swept_values("mu", given)
