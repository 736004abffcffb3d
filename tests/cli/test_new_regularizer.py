"""One class in one file, and every command knows the regulariser."""

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from hifred.cli import COMMANDS
from hifred.errors import HifredError
from hifred.fusion import REGULARIZERS, known_settings
from hifred.observations import FusionInput
from hifred.store import save_fusion_input
from hifred.sweep.kernels import code_digest
from hifred.sweep.kernels.fusion_kernel import FusionKernel
from tests.scenes import observe, sky_cube

ROOT = Path(__file__).parents[2]
TOY = "tests.fusion.toy_regularizer"
TOML = """
[sweep]
name = "stiff"
[models.a]
input = "a.zarr"
[[grid]]
regularizer = "stiff"
stiffness = [0.01, 0.1]
mu = 3.0
[[grid]]
regularizer = "lrs"
mu = 0.01
rank = 3
[solver]
tolerance = 1e-2
"""


@pytest.fixture(autouse=True)
def stiff() -> Iterator[None]:
    importlib.import_module(TOY)
    yield
    REGULARIZERS.remove("stiff")
    del sys.modules[TOY]


def call(name: str, *words: str) -> str:
    module, attribute = COMMANDS[name][0].split(":")
    command = getattr(importlib.import_module(module), attribute)
    done = CliRunner().invoke(command, words)
    assert done.exit_code == 0, (done.output, done.exception)
    return done.output


def test_only_its_own_settings_make_its_trials() -> None:
    kernel = FusionKernel()
    one = kernel.active({"regularizer": "stiff", "stiffness": 0.1, "mu": 3.0})
    assert one["stiffness"] == 0.1
    assert "mu" not in one
    assert "stiffness" not in kernel.active(
        {"regularizer": "lrs", "mu": 1.0, "stiffness": 0.1}
    )
    assert one != kernel.active({"regularizer": "stiff", "stiffness": 0.2})


def test_its_file_is_part_of_the_code_behind_a_sweep(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parts = FusionKernel().parts()
    assert {TOY, "hifred.fusion.regularizers.lrs"} <= set(parts)
    assert "tests.scenes" not in parts
    monkeypatch.setattr(REGULARIZERS["stiff"], "__module__", "nowhere")
    code_digest._digests_with.cache_clear()
    with pytest.raises(HifredError, match="'stiff' must be written in a file"):
        FusionKernel().parts()
    code_digest._digests_with.cache_clear()


def test_its_setting_is_described() -> None:
    described = known_settings().model_fields["stiffness"].description
    assert described == "stiff: Of the images, in counts: usually 0.01."


def test_the_command_has_an_option_for_its_setting() -> None:
    show = f"import {TOY}; from hifred.cli.fuse import fuse; fuse(['--help'])"
    shown = subprocess.run(
        [sys.executable, "-c", show],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "--stiffness NUMBER" in shown.stdout
    assert "stiff: few spectra, stiff images" in " ".join(shown.stdout.split())


@pytest.mark.slow
def test_a_sweep_of_it_is_planned_run_and_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    observations = observe(sky_cube((24, 9, 6)), rng=np.random.default_rng(1))
    save_fusion_input(Path("a.zarr"), FusionInput(observations, None, {}))
    Path("sweep.toml").write_text(TOML)
    assert "stiff 2, lrs 1" in call("plan", "sweep.toml")
    call("run", "sweep.toml", "--directory", "d", "--executor", "inline", "--quiet")
    rows = json.loads(call("list", "d", "--json"))
    assert sorted(str(row["stiffness"]) for row in rows) == ["0.01", "0.1", "None"]
    call("collect", "d")
    page = Path(call("report", "d").strip()).read_text(encoding="utf-8")
    assert page.count("stiff") > 4
    assert "stiffness" in page
