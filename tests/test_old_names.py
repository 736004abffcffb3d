"""Names of version 0.1 are still there, and say where they went."""

import importlib

import pytest

import hifred
from hifred.observations.formats.ogip import read_rmf
from hifred.old_names import MODULES, NAMES, MovedModule
from hifred.sweep import run_sweep


def test_an_old_module_gives_the_name_of_the_new_one_with_a_word() -> None:
    old = importlib.import_module("hifred.observations.ogip")
    with pytest.warns(FutureWarning, match=r"import read_rmf from \S+formats\.ogip\."):
        assert old.read_rmf is read_rmf


def test_an_old_module_may_stand_in_two_new_ones() -> None:
    old = importlib.import_module("hifred.sweep.run")
    with pytest.warns(FutureWarning, match=r"from hifred\.sweep\.driver\.run\."):
        assert old.run_sweep is run_sweep
    with pytest.warns(FutureWarning, match=r"from hifred\.sweep\.plan\.target\."):
        assert old.plan_sweep is hifred.plan_sweep


def test_a_name_that_never_was_is_an_attribute_error() -> None:
    old = importlib.import_module("hifred.observations.pha")
    with pytest.raises(AttributeError, match="no attribute 'read_nothing'"):
        _ = old.read_nothing
    with pytest.raises(AttributeError, match="read_nothing"):
        _ = hifred.measures.read_nothing


@pytest.mark.parametrize(
    ("package", "old"), [(p, old) for p, olds in MODULES.items() for old in olds]
)
def test_what_it_stands_for_is_there(package: str, old: str) -> None:
    assert isinstance(importlib.import_module(f"{package}.{old}"), MovedModule)
    for new in MODULES[package][old]:
        assert importlib.import_module(f"{package}.{new}")


@pytest.mark.parametrize("package", NAMES)
def test_what_was_exported_is_still_given_with_a_word(package: str) -> None:
    for name, new in NAMES[package].items():
        with pytest.warns(FutureWarning, match=f"import {name} from {new}"):
            given = getattr(importlib.import_module(package), name)
        assert given is getattr(importlib.import_module(new), name)
