"""Product, union, zip, exclude; what is not read does not count."""

import sys
from typing import Any

import pytest

from hifred.errors import SettingsError
from hifred.sweep.kernels.fusion_kernel import FusionKernel
from hifred.sweep.plan.declaration import declare
from hifred.sweep.plan.expansion import Expansion, expand
from hifred.sweep.plan.plan import Head, PlannedInput
from hifred.sweep.plan.planning import identified
from tests.sweep.stub_kernels import StubKernel


def expanded(*grids: dict[str, Any], **tables: Any) -> Expansion:
    models = tables.pop("models", {"a": "a.bin"})
    return expand(declare("s", models, list(grids), **tables), StubKernel())


def values(expansion: Expansion, *names: str) -> list[tuple]:
    return [tuple(p.settings.get(name) for name in names) for p in expansion.points]


def test_a_grid_is_a_product_with_the_models() -> None:
    found = expanded({"mu": [1, 2], "rank": [3, 4, 5]}, models={"a": "a", "b": "b"})
    assert len(found.points) == 12
    assert [p.model for p in found.points] == ["a"] * 6 + ["b"] * 6
    assert values(found, "mu", "rank")[:4] == [(1, 3), (1, 4), (1, 5), (2, 3)]


def test_settings_that_are_not_read_are_dropped_and_counted() -> None:
    found = expanded({"regularizer": "low_rank", "mu": [1, 2, 3], "rank": [4, 5]})
    assert values(found, "mu", "rank") == [(None, 4), (None, 5)]
    assert (found.n_declared, found.n_duplicates) == (6, 4)


def test_grids_are_united_and_what_both_have_is_run_once() -> None:
    found = expanded({"mu": [1, 2], "rank": 3}, {"mu": [2, 3], "rank": 3})
    assert values(found, "mu") == [(1,), (2,), (3,)]
    assert found.n_duplicates == 1


def test_zipped_values_go_together() -> None:
    found = expanded({"zip": {"mu": [1, 2], "rank": [3, 4]}, "tolerance": [0.1, 0.2]})
    assert values(found, "tolerance", "mu", "rank") == [
        (0.1, 1, 3), (0.1, 2, 4), (0.2, 1, 3), (0.2, 2, 4),
    ]  # fmt: skip


def test_zipped_lists_must_be_of_one_length() -> None:
    with pytest.raises(SettingsError, match="one length; got mu: 2, rank: 1"):
        expanded({"zip": {"mu": [1, 2], "rank": 3}})


def test_excluded_trials_are_left_out_and_counted() -> None:
    found = expanded(
        {
            "mu": [1, 2],
            "rank": [3, 4],
            "exclude": [{"mu": 1, "rank": [3, 4]}, "rank >= 4 and mu == 2"],
        }
    )
    assert values(found, "mu", "rank") == [(2, 3)]
    assert found.n_excluded == 3


def test_excluding_everything_is_refused() -> None:
    with pytest.raises(SettingsError, match="all 1 are excluded"):
        expanded({"mu": 1, "exclude": {"mu": 1}})


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        ({"muu": 1}, r"\[\[grid\]\] 1: unknown key 'muu'; did you mean 'mu'"),
        ({"mu": []}, "at least one value"),
        ({"mu": 1, "models": "b"}, "unknown model 'b'"),
        ({"mu": 1, "exclude": {"mi": 1}}, "did you mean 'mu'"),
    ],
)
def test_mistakes_name_the_grid_and_the_nearest_key(grid: dict, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        expanded(grid)


def test_seeds_are_part_of_a_trial() -> None:
    found = expanded({"mu": 1, "seed": [1, 2]}, {"mu": 1, "seed": 2}, seed=5)
    assert [p.seed for p in found.points] == [1, 2]


def test_a_warm_start_chains_from_the_largest_mu() -> None:
    found = expanded({"mu": [1, 3, 2], "rank": [4, 5], "warm_start": "mu"})
    chains = {
        (p.settings["mu"], p.settings["rank"]): p.after and p.after.settings["mu"]
        for p in found.points
    }
    assert chains == {(3, 4): None, (2, 4): 3, (1, 4): 2,
                      (3, 5): None, (2, 5): 3, (1, 5): 2}  # fmt: skip
    cold = expanded({"mu": [1, 3, 2], "rank": [4, 5]})
    common = {p.key for p in found.points} & {p.key for p in cold.points}
    assert len(common) == 2


def test_a_chain_may_be_longer_than_calls_may_be_deep() -> None:
    many = 2 * sys.getrecursionlimit()
    found = expanded({"mu": list(range(1, many + 1)), "warm_start": "mu"})
    head = Head("s", "stub", {}, {"a": PlannedInput("digest", {}, None)})
    trials = identified(head, found.points)
    assert [t.after for t in trials] == [None, *(t.id for t in trials[:-1])]
    assert len({t.id for t in trials}) == many


def test_a_kernel_that_always_starts_afresh_refuses_warm_starts() -> None:
    kernel = StubKernel()
    kernel.can_warm_start = False
    declaration = declare("s", {"a": "a"}, {"mu": [1, 2], "warm_start": "mu"})
    with pytest.raises(SettingsError, match="always starts afresh"):
        expand(declaration, kernel)


def test_a_path_along_what_changes_the_shape_is_refused() -> None:
    kernel = StubKernel()
    kernel.fixed_on_paths = ("rank",)
    declaration = declare("s", {"a": "a"}, {"rank": [1, 2], "warm_start": "rank"})
    with pytest.raises(SettingsError, match=r"keeps the shape.*got 'rank'"):
        expand(declaration, kernel)


@pytest.mark.parametrize("name", ["rank", "velocity_km_s", "margin_pixels"])
def test_what_changes_the_shape_of_a_fusion_is_no_path(name: str) -> None:
    grid = {"regularizer": "guided", name: [1, 2], "warm_start": name}
    with pytest.raises(SettingsError, match=f"keeps the shape.*got '{name}'"):
        expand(declare("s", {"a": "a"}, grid), FusionKernel())


def test_a_path_along_nothing_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"numbers to follow.*got 'nu'"):
        expanded({"mu": [1, 2], "rank": 4, "warm_start": "nu"})


def test_what_is_no_number_stands_beside_the_path() -> None:
    grid = {"mu": [1, 2, "varying"], "rank": 4, "warm_start": "mu"}
    found = expanded(grid).points
    chains = {p.settings["mu"]: p.after and p.after.settings["mu"] for p in found}
    assert chains == {2: None, 1: 2, "varying": None}
