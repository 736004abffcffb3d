"""Names of version 0.1 are still there, and say where they went."""

import importlib

import pytest

from hifred.observations.formats.ogip import read_rmf
from hifred.observations.moved import MOVED, PACKAGE, MovedModule


def test_an_old_module_gives_the_name_of_the_new_one_with_a_word() -> None:
    old = importlib.import_module("hifred.observations.ogip")
    with pytest.warns(FutureWarning, match=r"import read_rmf from \S+formats\.ogip\."):
        assert old.read_rmf is read_rmf


def test_a_name_that_never_was_is_an_attribute_error() -> None:
    old = importlib.import_module("hifred.observations.pha")
    with pytest.raises(AttributeError, match="no attribute 'read_nothing'"):
        _ = old.read_nothing


@pytest.mark.parametrize("old", MOVED)
def test_what_it_stands_for_is_there(old: str) -> None:
    assert isinstance(importlib.import_module(f"{PACKAGE}.{old}"), MovedModule)
    for new in MOVED[old]:
        assert importlib.import_module(f"{PACKAGE}.{new}")
