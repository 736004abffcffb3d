"""What a kernel is, when it says no more than it must."""

from pathlib import Path

import pytest

from hifred.errors import HifredError, SettingsError
from hifred.sweep.driver.run import run_sweep
from hifred.sweep.kernels.kernel import Kernel
from hifred.sweep.plan.declaration import declare
from tests.sweep.stub_kernels import StubAttempt


class Plain(Kernel):
    tag = "plain-1"

    def active(self, settings):
        return dict(settings)

    def begin(self, input_path, settings, state, initial=None):
        return StubAttempt(input_path, settings, state, initial)


def test_a_kernel_without_active_or_begin_is_none() -> None:
    with pytest.raises(TypeError, match="abstract"):
        Kernel()


def test_a_plain_kernel_runs_a_sweep(source: Path, tmp_path: Path) -> None:
    declared = declare("s", {"a": source}, {"mu": [1, 2]})
    report = run_sweep(
        declared, directory=tmp_path / "s", executor="inline", kernel=Plain(),
        early_stop=True,
    )  # fmt: skip
    assert report.snapshot.counts["done"] == 2


def test_a_plain_kernel_simulates_nothing(tmp_path: Path) -> None:
    declared = declare("s", {"a": {"simulate": {"scene": "shell"}}}, {"mu": 1})
    with pytest.raises(HifredError, match=r"\[models.a\]: input must be given"):
        run_sweep(declared, directory=tmp_path / "s", kernel=Plain())


def test_a_plain_kernel_starts_afresh() -> None:
    with pytest.raises(SettingsError, match="plain-1 always starts afresh"):
        Plain().check_path("mu")


def test_the_digest_of_an_input_is_of_its_bytes(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for folder, text in ((one, "x"), (other, "y")):
        folder.mkdir()
        (folder / "a").write_text(text)
    assert Plain().input_digest(one) == Plain().input_digest(one)
    assert Plain().input_digest(one) != Plain().input_digest(other)
