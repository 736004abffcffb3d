"""The plan: written in one step, extended, never mixed."""

from pathlib import Path

import pytest

from hifred.errors import HifredError
from hifred.store.sealed_zip import DamagedFileError
from hifred.sweep.plan.declaration import Declaration, declare
from hifred.sweep.plan.plan import read_plan
from hifred.sweep.plan.planning import ChangedError, make_plan
from hifred.sweep.record.layout import SweepDirectory
from tests.sweep.stub_kernels import StubKernel


def plan(
    root: Path, declaration: Declaration, kernel: StubKernel | None = None, **more
):
    return make_plan(SweepDirectory(root), declaration, kernel or StubKernel(), **more)


def test_a_plan_reads_back(declaration: Declaration, tmp_path: Path) -> None:
    planned = plan(tmp_path / "s", declaration)
    assert read_plan(SweepDirectory(tmp_path / "s")) == planned.plan
    assert planned.n_new == 8


def test_an_extension_adds_only_what_is_new(source: Path, tmp_path: Path) -> None:
    first = declare("s", {"a": source}, {"mu": [1, 2], "rank": 3})
    second = declare("s", {"a": source}, {"mu": [2, 3], "rank": 3})
    one, two = plan(tmp_path / "s", first), plan(tmp_path / "s", second)
    assert (one.n_new, two.n_new) == (2, 1)
    assert [t.settings["mu"] for t in two.plan.trials] == [1, 2, 3]
    assert len(two.declared) == 2
    assert two.plan.trials[:2] == one.plan.trials


def test_the_same_plan_is_not_written_again(
    declaration: Declaration, tmp_path: Path
) -> None:
    plan(tmp_path / "s", declaration)
    before = (tmp_path / "s/plan.jsonl").stat().st_mtime_ns
    assert plan(tmp_path / "s", declaration).n_new == 0
    assert (tmp_path / "s/plan.jsonl").stat().st_mtime_ns == before


@pytest.mark.parametrize("place", [3, 200, 900, -2, -40])
def test_a_damaged_plan_is_noticed(
    declaration: Declaration, tmp_path: Path, place: int
) -> None:
    plan(tmp_path / "s", declaration)
    path = tmp_path / "s/plan.jsonl"
    content = bytearray(path.read_bytes())
    content[place] ^= 4
    path.write_bytes(content)
    with pytest.raises(DamagedFileError, match="truncated or altered"):
        plan(tmp_path / "s", declaration)


def test_a_lost_plan_is_made_again_with_the_same_ids(
    declaration: Declaration, tmp_path: Path
) -> None:
    before = plan(tmp_path / "s", declaration).plan
    (tmp_path / "s/plan.jsonl").unlink()
    assert plan(tmp_path / "s", declaration).plan == before


def test_changed_code_is_refused_with_a_diff(
    declaration: Declaration, tmp_path: Path
) -> None:
    plan(tmp_path / "s", declaration, StubKernel(newton="aaa", starlet="bbb"))
    with pytest.raises(ChangedError, match="newton: aaa -> ccc") as told:
        plan(tmp_path / "s", declaration, StubKernel(newton="ccc", starlet="bbb"))
    assert "starlet" not in str(told.value)
    assert "--allow-code-change" in str(told.value)


def test_another_tag_is_refused(declaration: Declaration, tmp_path: Path) -> None:
    plan(tmp_path / "s", declaration)
    with pytest.raises(ChangedError, match="tag: stub-1 -> stub-2"):
        plan(tmp_path / "s", declaration, StubKernel("stub-2"))


def test_an_allowed_change_keeps_the_ids_and_is_recorded(
    declaration: Declaration, tmp_path: Path
) -> None:
    before = plan(tmp_path / "s", declaration)
    kernel = StubKernel("stub-2", newton="ccc")
    after = plan(tmp_path / "s", declaration, kernel, allow_code_change=True)
    assert after.plan.trials == before.plan.trials
    changes = after.plan.head.code_changes[0].changes
    assert changes == ["newton: absent -> ccc", "tag: stub-1 -> stub-2"]
    plan(tmp_path / "s", declaration, kernel)  # accepted once for all
    with pytest.raises(ChangedError):
        plan(tmp_path / "s", declaration)


def test_digests_of_another_rule_are_not_compared_but_the_tag_is(
    declaration: Declaration, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    plan(tmp_path / "s", declaration, StubKernel(newton="aaa"))
    kernel = StubKernel(rule="by imports", newton="bbb")
    after = plan(tmp_path / "s", declaration, kernel)
    assert "another version's rule" in caplog.text
    assert after.plan.head.code_changes[0].tag == "stub-1"
    other = StubKernel(rule="by imports", newton="ccc")
    with pytest.raises(ChangedError, match="newton: bbb -> ccc"):
        plan(tmp_path / "s", declaration, other)
    with pytest.raises(ChangedError, match="tag: stub-1 -> stub-2"):
        plan(tmp_path / "s", declaration, StubKernel("stub-2", rule="another"))


def test_a_changed_source_is_refused(
    declaration: Declaration, source: Path, tmp_path: Path
) -> None:
    plan(tmp_path / "s", declaration)
    source.write_bytes(b"other counts")
    with pytest.raises(ChangedError, match="has changed: digest"):
        plan(tmp_path / "s", declaration)


def test_a_source_that_is_gone_is_not_missed(
    declaration: Declaration, source: Path, tmp_path: Path
) -> None:
    plan(tmp_path / "s", declaration)
    source.unlink()
    assert plan(tmp_path / "s", declaration).n_new == 0


def test_a_damaged_copy_is_refused(declaration: Declaration, tmp_path: Path) -> None:
    plan(tmp_path / "s", declaration)
    (tmp_path / "s/inputs/toy.zarr").write_bytes(b"counts of a stuB")
    with pytest.raises(ChangedError, match="damaged or altered"):
        plan(tmp_path / "s", declaration)


def test_a_model_declared_otherwise_is_refused(
    declaration: Declaration, source: Path, tmp_path: Path
) -> None:
    plan(tmp_path / "s", declaration)
    other = declare("s", {"toy": {"simulate": {"scene": "shell"}}}, {"mu": 1})
    with pytest.raises(ChangedError, match=r"simulate\.scene: absent -> shell"):
        plan(tmp_path / "s", other)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ({"input": "absent.zarr"}, "input must exist"),
        ({"simulate": {"scnee": "shell"}}, r"\[models.a\]: unknown key"),
    ],
)
def test_a_model_that_cannot_be_is_refused_and_nothing_written(
    tmp_path: Path, model: dict, message: str
) -> None:
    with pytest.raises(HifredError, match=message):
        plan(tmp_path / "s", declare("s", {"a": model}, {"mu": 1}))
    assert not (tmp_path / "s").exists()


def test_an_unknown_setting_is_refused_and_nothing_written(
    source: Path, tmp_path: Path
) -> None:
    with pytest.raises(HifredError, match="did you mean 'mu'"):
        plan(tmp_path / "s", declare("s", {"a": source}, {"muu": 1}))
    assert not (tmp_path / "s").exists()
