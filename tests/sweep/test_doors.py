"""One door to a sweep: what makes no sense is refused before anything is run."""

import time
from pathlib import Path
from typing import Any

import pytest

from hifred.errors import HifredError, SettingsError
from hifred.sweep.kernels.fusion_kernel import FusionKernel
from hifred.sweep.plan.declaration import declare, read_declaration
from hifred.sweep.plan.declaration_text import declaration_text
from hifred.sweep.plan.expansion import expand
from hifred.sweep.plan.target import plan_sweep
from hifred.sweep.watch.listing import list_rows
from hifred.sweep.watch.preview import preview
from tests.sweep.stub_kernels import StubKernel

PLAIN = {"regularizer": "lrs", "mu": [1, 2], "rank": 3}
GRID = {"regularizer": ["none", "lrs"], "mu": [1, 2], "rank": 3}


def expanded(grid: dict[str, Any], **tables: Any) -> list[Any]:
    models = tables.pop("models", {"a": "a.bin", "12": "b.bin"})
    return expand(declare("s", models, grid, **tables), StubKernel()).points


def test_a_regularizer_called_none_can_be_excluded() -> None:
    found = expanded(GRID | {"exclude": ["regularizer == none"]})
    assert {p.settings["regularizer"] for p in found} == {"lrs"}


def test_a_model_called_12_can_be_named_everywhere() -> None:
    assert {p.model for p in expanded(PLAIN | {"models": "12"})} == {"12"}
    assert {p.model for p in expanded(PLAIN | {"exclude": "model == 12"})} == {"a"}
    assert {p.model for p in expanded(PLAIN | {"exclude": {"model": "12"}})} == {"a"}


def test_a_model_called_12_is_found_in_a_listing(source: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.bin"
    other.write_bytes(b"other counts")
    declaration = declare("s", {"a": source, "12": other}, {"mu": 1, "rank": 3})
    plan_sweep(declaration, directory=tmp_path / "s", kernel=StubKernel())
    assert [row["model"] for row in list_rows(tmp_path / "s", where="model == 12")]
    with pytest.raises(SettingsError, match="unknown model in where 'b'"):
        list_rows(tmp_path / "s", where="model == b")
    assert list_rows(tmp_path / "s", where="state == failed") == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"exclude": "rnak > 2"},
            "unknown name in exclude 'rnak'; did you mean 'rank'",
        ),
        ({"exclude": "regularizer == lsr"}, "exclude 'lsr'; did you mean 'lrs'?"),
        ({"exclude": "regularizer > lrs"}, "must be compared by == or !=; got"),
        ({"exclude": "rank > many"}, "rank in exclude must be compared with a number"),
        ({"exclude": "rank == many"}, "rank in exclude must be compared with a number"),
        ({"exclude": {"model": 12}}, "model in exclude must be a text; got 12"),
        ({"exclude": {"regularizer": "lsr"}}, "exclude 'lsr'; did you mean 'lrs'?"),
        ({"exclude": ""}, "exclude must have conditions; an empty one takes out"),
        ({"exclude": [{}, "rank > 2"]}, "exclude must have conditions"),
        ({"exclude": 3}, "exclude must be a text or a table or a list"),
        ({"models": 12}, "models must be a text or a list"),
        ({"models": []}, "models must name at least one model"),
        ({"zip": 3}, "zip must be a table or a list"),
        ({"zip": {}}, "zip must have lists of one length; got no list"),
        ({"zip": {"mu": [1, 2]}}, "mu must be swept once; got 2 times"),
        ({"warm_start": 3}, "warm_start must be one word; got 3"),
        ({"warm_start": True}, "warm_start must be one word; got True"),
        ({"seed": ["a"]}, "seed[0] must be a whole number from 0 to 2^63 - 1; got 'a'"),
        ({"seed": -1}, "seed[0] must be a whole number from 0 to 2^63 - 1; got -1"),
        (
            {"seed": [1, 1.5]},
            "seed[1] must be a whole number from 0 to 2^63 - 1; got 1",
        ),
        (
            {"seed": 1e20},
            "seed[0] must be a whole number from 0 to 2^63 - 1; got 1",
        ),
        ({"seed": True}, "seed[0] must be a whole number from 0 to 2^63 - 1; got True"),
        ({"mu": {"linspace": [0, float("inf"), 3]}}, "mu must have three numbers"),
        ({"mu": {"logspace": [1, 10**30, 3]}}, "mu must have three numbers"),
        ({"rank": {"range": [1, 10**400, 1]}}, "rank must have three numbers"),
    ],
)
def test_a_grid_that_makes_no_sense_is_refused(
    change: dict[str, Any], message: str
) -> None:
    with pytest.raises(SettingsError) as told:
        expanded(GRID | change)
    assert message in str(told.value)
    assert str(told.value).startswith("[[grid]] 1: ")


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"seed": 1e20}, "sweep.seed must be a whole number from 0 to 2^63 - 1"),
        (
            {"models": {"x" * 300: "a"}},
            "must be letters, digits, '-', '_' and '.', 1 to",
        ),
        ({"models": {"a": {"input": 3}}}, "models.a.input must be a path; got 3"),
        ({"models": {"a": 3}}, "models.a must be a table; got 3"),
        ({"models": {"a": {"simulate": "shell"}}}, "models.a.simulate must be a table"),
        ({"models": {"a": "\udcff.bin"}}, "models.a.input must be a path; got"),
        ({"models": ["a.bin"]}, "models must be a table; got ['a.bin']"),
        ({"solver": 3}, "solver must be a table; got 3"),
        ({"slover": {}}, "unknown setting 'slover'; did you mean 'solver'?"),
    ],
)
def test_a_declaration_that_makes_no_sense_is_refused(
    tables: dict[str, Any], message: str
) -> None:
    with pytest.raises(SettingsError) as told:
        expanded({"mu": 1, "rank": 3}, **tables)
    assert message in str(told.value)


def test_a_sweep_name_of_300_letters_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"sweep\.name must be letters"):
        declare("x" * 300, {"a": "a.bin"}, {"mu": 1})


def test_a_path_of_300_letters_does_not_exist(tmp_path: Path) -> None:
    declaration = declare("s", {"a": "x" * 300}, {"mu": 1, "rank": 3})
    with pytest.raises(HifredError, match="input must exist"):
        plan_sweep(declaration, directory=tmp_path / "s", kernel=StubKernel())


def test_an_emoji_in_a_path_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "\N{SPARKLES}.bin"
    path.write_bytes(b"counts")
    declaration = declare("s", {"a": path}, {"mu": 1, "rank": 3})
    plan_sweep(declaration, directory=tmp_path / "s", kernel=StubKernel())
    again = read_declaration(tmp_path / "s" / "sweep.toml")
    assert again.models == declaration.models
    assert "\N{SPARKLES}" in declaration_text(declaration)


@pytest.mark.parametrize(
    "grid",
    [
        {name: {"range": [1, 1000, 1]} for name in ("mu", "rank", "tolerance")},
        {"mu": {"linspace": [0, 1, 10**9]}, "rank": 3},
        {"mu": 1, "rank": 3, "seed": {"range": [1, 10**9, 1]}},
        {"zip": {"mu": {"range": [1, 10**9, 1]}, "rank": {"range": [1, 10**9, 1]}}},
    ],
)
def test_a_thousand_million_trials_are_counted_not_expanded(
    grid: dict[str, Any],
) -> None:
    started = time.process_time()
    with pytest.raises(SettingsError, match=r"1,000,000 trials; got 1,000,000,00"):
        expanded(grid, models={"a": "a.bin"})
    assert time.process_time() - started < 1


def test_grids_are_counted_together() -> None:
    grid = {"mu": {"range": [1, 600_000, 1]}, "rank": 3}
    declaration = declare("s", {"a": "a.bin"}, [grid, grid])
    with pytest.raises(SettingsError, match="got 1,200,000 in 2 grids"):
        expand(declaration, StubKernel())


def test_a_rank_beyond_the_spectra_is_refused_by_the_plan(tmp_path: Path) -> None:
    simulate = {"shape": [12, 9], "n_energies": 60, "counts": 1e4}
    grid = {"regularizer": "low_rank", "rank": [5, 13]}
    declaration = declare("s", {"toy": {"simulate": simulate}}, grid)
    with pytest.raises(SettingsError, match=r"'toy': rank must be at most 12, .*13"):
        preview(declaration, directory=tmp_path / "s")
    fits = declare("s", {"toy": {"simulate": simulate}}, grid | {"rank": [5, 12]})
    plan_sweep(fits, directory=tmp_path / "s", kernel=FusionKernel())
    kept = tmp_path / "s" / "inputs" / "toy.zarr"
    more = declare("t", {"toy": kept}, grid)
    with pytest.raises(SettingsError, match=r"'toy': rank must be at most 12, .*13"):
        preview(more, directory=tmp_path / "t")


@pytest.mark.parametrize(
    ("tables", "place"),
    [
        ({"solver": {"tolerance": -1}}, "[solver]: tolerance must be a number > 0"),
        ({"solver": {"name": "fats"}}, "[solver]: solver must be 'fast' or 'paper'"),
        ({"solver": {"tolerence": 1}}, "[solver]: unknown setting 'tolerence'"),
        ({"solver": {"warm_start": 3}}, "[solver]: warm_start must be one word"),
        ({"solver": {"warm_start": "rank"}}, "[solver]: warm_start must name a setti"),
        ({"metrics": {"held": {}}}, "[metrics]: unknown key in [metrics] 'held'"),
    ],
)
def test_what_is_wrong_in_a_shared_table_is_told_of_it(
    tables: dict[str, Any], place: str
) -> None:
    declaration = declare("s", {"a": "a.bin"}, PLAIN, **tables)
    with pytest.raises(SettingsError) as told:
        expand(declaration, FusionKernel())
    assert str(told.value).startswith(place)


def test_what_is_wrong_in_a_grid_is_told_of_it_beside_shared_tables() -> None:
    grids = [PLAIN, {"regularizer": "lrs", "mu": -1, "tolerance": 1e-3}]
    shared = {"tolerance": 1e-4, "solver": "fast"}
    declaration = declare("s", {"a": "a.bin"}, grids, solver=shared)
    with pytest.raises(SettingsError, match=r"^\[\[grid\]\] 2: mu must be"):
        expand(declaration, FusionKernel())
