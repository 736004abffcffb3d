"""The sweep to start from: complete, right, and the best advice first."""

import tomllib
from pathlib import Path

import pytest

from hifred.errors import HifredError
from hifred.fusion import FusionSettings
from hifred.settings import read_settings
from hifred.settings.fields import fields_of
from hifred.sweep import read_declaration
from hifred.sweep.kernels.default_kernel import default_kernel
from hifred.sweep.plan.declaration import Declaration, SweepFile
from hifred.sweep.plan.expansion import expand
from hifred.sweep.plan.grid import GridKeys
from hifred.sweep.plan.options import Retries, RunOptions
from hifred.sweep.plan.template import sweep_template, write_template


@pytest.fixture
def declared(tmp_path: Path) -> Declaration:
    return read_declaration(write_template(tmp_path / "first-look"))


def test_it_tries_first_what_leaves_nothing_to_choose(declared: Declaration) -> None:
    first, *others = expand(declared, default_kernel()).points
    assert first.settings["regularizer"] == "guided"
    assert (first.settings["mu"], first.settings["rank"]) == ("auto", "auto")
    assert {p.settings["regularizer"] for p in others} == {"lrs"}
    strengths = {p.settings["mu"] for p in others}
    assert (min(strengths), max(strengths)) == (1e-6, 1e-3)


def taken_in(text: str) -> str:
    """Return the text with every setting that is commented out."""
    lines = [
        line.removeprefix("# ") if " = " in line or line.startswith("# [") else line
        for line in text.splitlines()
        if "{ " not in line.split(" = ")[0]
    ]
    return "\n".join(lines)


def test_every_setting_stands_in_it_and_may_be_taken_in() -> None:
    text = taken_in(sweep_template()).replace("\ninput =", "\n# input =")
    content = tomllib.loads(text)
    read_settings(SweepFile, content)
    assert set(content["run"]) == set(fields_of(RunOptions))
    assert set(content["run"]["retries"]) == set(fields_of(Retries))
    assert set(content["solver"]) == set(fields_of(FusionSettings)) - {"regularizer"}
    assert set(content["grid"][1]) >= set(fields_of(GridKeys))
    assert content["metrics"]["held_out"] == {"fraction": 0.1, "seeds": [1, 2, 3]}


def test_one_that_is_there_is_kept(tmp_path: Path) -> None:
    write_template(tmp_path)
    with pytest.raises(HifredError, match=r"must have no sweep\.toml yet"):
        write_template(tmp_path)


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HifredError, match="DIR must be writable"):
        write_template(tmp_path / "file" / "sweep")
