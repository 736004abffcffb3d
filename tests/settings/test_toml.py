"""One reader and one writer of TOML; a template says every key."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hifred.errors import SettingsError
from hifred.settings import (
    ByteSize,
    Duration,
    commented_out,
    commented_toml,
    read_settings,
    read_toml,
    stated_toml,
    toml_value,
)
from tests.settings.made_up_settings import Budget, Everything

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
PLAIN = st.recursive(
    st.booleans() | st.integers(-(2**62), 2**62) | st.floats(allow_nan=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@given(PLAIN)
def test_a_value_survives_its_text(value: object) -> None:
    assert tomllib.loads(f"x = {toml_value(value)}") == {"x": value}


def test_sizes_and_times_are_written_as_people_read_them() -> None:
    assert toml_value({"a": ByteSize(2**30), "b": Duration(60), "c": None}) == (
        '{ a = "1GiB", b = "00:01:00" }'
    )


def test_files_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"config must be a readable file; .* Make"):
        read_toml(tmp_path / "none.toml", what="config", advice="Make one.")
    (tmp_path / "a.toml").write_bytes(b"a = '\xff'")
    with pytest.raises(SettingsError, match="config must be a readable file"):
        read_toml(tmp_path / "a.toml", what="config")
    with pytest.raises(SettingsError, match="config must be a readable file"):
        read_toml(tmp_path / ("x" * 300), what="config")
    (tmp_path / "a.toml").write_text("a = = 1")
    with pytest.raises(SettingsError, match=r"a.toml must be TOML; got .*line 1"):
        read_toml(tmp_path / "a.toml", what="config")


def test_a_template_says_every_key_and_reads_as_it_stands() -> None:
    text = commented_toml(Everything, kind="paper")
    assert read_settings(Everything, tomllib.loads(text)) == Everything(kind="paper")
    for name in Everything.__dataclass_fields__:
        tables = (f"[{name}]", f"[{name}.NAME]")
        assert f"{name} =" in text or any(table in text for table in tables)
    assert "# Which one. ('fast' or 'paper'; must be given)\n" in text


def test_tables_and_names_of_tables_are_shown() -> None:
    named = {"one": {"failed": 1}, "a b": {"lost": 2}}
    text = commented_toml(Everything, kind="fast", budget={"lost": 3}, named=named)
    found = read_settings(Everything, tomllib.loads(text))
    assert found.budget == Budget(lost=3)
    assert found.named == {"one": Budget(failed=1), "a b": Budget(lost=2)}


def test_a_template_may_be_an_entry_of_a_list_and_hold_only_what_is_shown() -> None:
    text = stated_toml(Everything, "[grid]", kind="fast", budget={"lost": 3})
    assert text == (
        "[[grid]]\n\n# Which one. ('fast' or 'paper'; must be given)\n"
        'kind = "fast"\n\n[grid.budget]\n\n'
        "# After a death. (a whole number >= 0; default 5)\nlost = 3\n"
    )
    left_out = stated_toml(Everything, workers=None)
    assert left_out == "# Trials at a time. (a whole number >= 1)\n# workers = 1\n"


def test_nothing_is_read_of_what_is_commented_out() -> None:
    text = commented_out(commented_toml(Everything, "everything", kind="fast"))
    assert tomllib.loads(text) == {}


def test_every_line_of_a_template_may_be_taken_in() -> None:
    lines = commented_toml(Everything).splitlines()
    taken = [
        ln.removeprefix("# ") if " = " in ln or "# [" in ln else ln for ln in lines
    ]
    found = read_settings(Everything, tomllib.loads("\n".join(taken)))
    assert found.memory == ByteSize(4 * 2**30)
    assert found.budgets is not None
