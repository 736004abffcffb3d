"""Conditions are read, never executed."""

import pytest

from hifred.errors import SettingsError
from hifred.sweep.plan.where import matches, read_where

VALUES = {"rank": 10, "mu": 0.01, "regularizer": "lrs", "model": "a", "none": None}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", True),
        ("rank >= 8", True),
        ("rank > 10", False),
        ("rank >= 8 and mu < 0.1", True),
        ("rank >= 8 and mu < 0.001", False),
        ("regularizer == lrs", True),
        ("regularizer = 'lrs'", True),
        ('regularizer != "lrs"', False),
        ("absent > 3", False),
        ("absent != 3", True),
        ("regularizer > 3", False),
        ("mu == 1e-2", True),
    ],
)
def test_conditions_choose(text: str, expected: bool) -> None:
    assert matches(read_where(text), VALUES) is expected


@pytest.mark.parametrize(
    "text", ["rank", "rank >=", "__import__('os').system('true')", "rank >= 8 or mu"]
)
def test_anything_else_is_refused_or_a_plain_text(text: str) -> None:
    try:
        conditions = read_where(text)
    except SettingsError as error:
        assert "comparisons joined by 'and'" in str(error)  # noqa: PT017
    else:
        assert all(isinstance(c.constant, str) for c in conditions)
