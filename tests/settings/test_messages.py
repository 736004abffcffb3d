"""What is wrong with settings is told in our words: key, need, finding, example."""

from dataclasses import replace
from typing import Any

import pytest

from hifred.errors import SettingsError
from hifred.settings import ByteSize, Place, read_settings
from tests.settings.made_up_settings import Budget, Everything

FILE = Place("my.toml", "run")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"kind": "fats"}, "kind must be 'fast' or 'paper'; got 'fats'. Write, say,"),
        ({"workers": 0}, "workers must be a whole number >= 1; got 0."),
        ({"workers": True}, "workers must be a whole number >= 1; got True."),
        ({"workers": 1.5}, "workers must be a whole number >= 1; got 1.5."),
        ({"strength": "vary"}, "strength must be a number >= 0 or 'varying'; got 'v"),
        ({"strength": float("nan")}, "strength must be a number >= 0 or 'varying'; go"),
        ({"share": 1}, "share must be a number > 0 and < 1; got 1."),
        ({"quiet": "yes"}, "quiet must be true or false; got 'yes'."),
        ({"title": 3}, "title must be a text; got 3."),
        ({"partition": "a b"}, "partition must be one word; got 'a b'."),
        ({"memory": 4}, "memory must be a size such as '4GiB'; got 4."),
        (
            {"memory": "4 apples"},
            "memory must be a size such as '4GiB'; got '4 app",
        ),
        ({"patience": True}, "patience must be a time in seconds, or such as '2h'"),
        ({"patience": -1}, "patience must be a time in seconds"),
        ({"walltime": 60}, "walltime must be a time such as '12:00:00'"),
        ({"band": [1, "x"]}, "band[1] must be a number; got 'x'."),
        ({"band": [1]}, "band must be a list [a number, a number]; got [1]."),
        ({"seeds": []}, "seeds must be a list, each entry a whole number, at least 1"),
        ({"budget": 3}, "budget must be a table; got 3."),
        ({"budget": {"lost": -1}}, "budget.lost must be a whole number >= 0; got -1."),
        ({"budgets": [{"lost": "x"}]}, "budgets[0].lost must be a whole number >= 0;"),
        ({"named": {"a": {"lost": "x"}}}, "named.a.lost must be a whole number >= 0;"),
        ({"title": "x" * 300, "quiet": "x" * 300}, "xxx…"),
    ],
)
def test_a_wrong_value_is_told_alike_in_python_and_in_a_file(
    wrong: dict[str, Any], message: str
) -> None:
    values = {"kind": "fast", **wrong}
    with pytest.raises(SettingsError) as in_python:
        Everything(**values)
    assert message in str(in_python.value)
    with pytest.raises(SettingsError) as in_file:
        read_settings(Everything, values, FILE)
    assert message in str(in_file.value)
    assert str(in_file.value).startswith("my.toml: run.")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"wrokers": 2}, "in [run] of my.toml 'wrokers'; did you mean 'workers'?"),
        ({"budget": {"lots": 1}}, "in [run.budget] of my.toml 'lots'; did you mean 'l"),
        ({"named": {"a": {"lots": 1}}}, "in [run.named.a] of my.toml 'lots'"),
        ({"kidn": "fast"}, "in [run] of my.toml 'kidn'; did you mean 'kind'?"),
    ],
)
def test_an_unknown_key_is_told_with_its_table_and_the_nearest(
    wrong: dict[str, Any], message: str
) -> None:
    values = wrong if "kidn" in wrong else {"kind": "fast", **wrong}
    with pytest.raises(SettingsError) as told:
        read_settings(Everything, values, FILE)
    assert f"unknown key {message}" in str(told.value)


def test_a_misspelt_name_in_python_is_told_with_the_nearest() -> None:
    with pytest.raises(SettingsError, match="unknown setting 'losst'; did you mean"):
        Budget(losst=1)
    with pytest.raises(SettingsError, match="Budget must have at most 2 values; got 3"):
        Budget(1, 2, 3)


def test_a_missing_key_is_told() -> None:
    with pytest.raises(SettingsError, match=r"my.toml: run.kind must be given; it is"):
        read_settings(Everything, {}, FILE)


def test_what_is_no_table_is_told() -> None:
    with pytest.raises(SettingsError, match=r"my\.toml: run must be a table; got 3"):
        read_settings(Everything, 3, FILE)  # type: ignore[arg-type]


def test_an_option_is_told_as_it_is_typed() -> None:
    with pytest.raises(
        SettingsError, match=r"^--workers must be .* say, --workers 1\.$"
    ):
        read_settings(
            Everything, {"kind": "fast", "workers": 0}, Place(is_command=True)
        )


def test_an_example_is_a_right_value() -> None:
    with pytest.raises(SettingsError, match=r"Write, say, memory = \"4GiB\"\."):
        read_settings(Everything, {"kind": "fast", "memory": 3}, FILE)
    with pytest.raises(SettingsError, match=r"Write, say, memory = '4GiB'\."):
        Everything(kind="fast", memory=3)


def test_a_copy_is_checked_too() -> None:
    made = Everything(kind="fast", memory="4GiB")
    assert replace(made, workers=2).memory == 4 * 2**30
    with pytest.raises(SettingsError, match="workers must be"):
        replace(made, workers=0)


def test_an_old_name_is_read_with_a_note() -> None:
    with pytest.warns(FutureWarning, match="memory_gib is an old name: write memory"):
        assert Everything(kind="fast", memory_gib=2).memory == ByteSize(2 * 2**30)
    with (
        pytest.warns(FutureWarning),
        pytest.raises(SettingsError, match="memory must be a size"),
    ):
        read_settings(Everything, {"kind": "fast", "memory_gib": "much"}, FILE)


@pytest.mark.parametrize("old", [float("inf"), 1e30, -1])
def test_an_old_size_that_no_machine_has_is_refused(old: float) -> None:
    with (
        pytest.warns(FutureWarning, match="memory_gib is an old name"),
        pytest.raises(SettingsError, match="memory must be"),
    ):
        read_settings(Everything, {"kind": "fast", "memory_gib": old}, FILE)
