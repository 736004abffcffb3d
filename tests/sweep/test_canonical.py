"""One text for one trial."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hifred.errors import SettingsError
from hifred.sweep.plan.canonical import canonical, canonical_json, trial_id

PLAIN = st.one_of(
    st.integers(-(10**9), 10**9),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5),
    st.booleans(),
    st.none(),
)


@given(st.dictionaries(st.text(max_size=4), PLAIN, max_size=4))
def test_the_order_of_keys_does_not_matter(settings: dict) -> None:
    turned = dict(reversed(list(settings.items())))
    assert canonical_json(settings) == canonical_json(turned)


@given(st.dictionaries(st.text(max_size=4), PLAIN, max_size=4))
def test_canonical_is_idempotent(settings: dict) -> None:
    assert canonical(canonical(settings)) == canonical(settings)


@pytest.mark.parametrize(
    ("one", "other"),
    [(3, 3.0), (0.0, -0.0), (np.float64(0.1), 0.1), (np.int32(3), 3), ((1, 2), [1, 2])],
)
def test_equal_settings_have_one_text(one: object, other: object) -> None:
    assert canonical_json({"a": one}) == canonical_json({"a": other})


@pytest.mark.parametrize(("one", "other"), [(3, "3"), (True, 1), (0.1, 0.1000000001)])
def test_different_settings_have_different_texts(one: object, other: object) -> None:
    assert canonical_json({"a": one}) != canonical_json({"a": other})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), np.float32("nan")])
def test_numbers_that_are_not_finite_are_refused(value: float) -> None:
    with pytest.raises(SettingsError, match="mu must be finite"):
        canonical({"mu": value})


def test_objects_are_refused() -> None:
    with pytest.raises(SettingsError, match="got object"):
        canonical({"mu": object()})


def test_the_id_is_the_same_in_another_process() -> None:
    settings = {"mu": 0.1, "rank": 10, "regularizer": "lrs"}
    code = (
        "from hifred.sweep.plan.canonical import trial_id;"
        f"print(trial_id('k', 'd', {settings!r}, 7))"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == trial_id("k", "d", settings, 7)


def test_everything_that_changes_a_result_changes_the_id() -> None:
    ids = {
        trial_id("k", "d", {"mu": 1}, 0),
        trial_id("l", "d", {"mu": 1}, 0),
        trial_id("k", "e", {"mu": 1}, 0),
        trial_id("k", "d", {"mu": 2}, 0),
        trial_id("k", "d", {"mu": 1}, 1),
    }
    assert len(ids) == 5
    assert {len(name) for name in ids} == {12}
