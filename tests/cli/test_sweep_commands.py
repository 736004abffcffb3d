"""Each command parses, calls one function and prints its answer."""

import importlib
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from hifred.cli import COMMANDS
from hifred.errors import HifredError
from tests.sweep.stub_kernels import StubKernel

OURS = sorted(
    name
    for name, (place, _) in COMMANDS.items()
    if place.split(":")[0].removeprefix("hifred.cli.")
    in ("sweep", "watch", "results", "tune")
)
TOML = """
[sweep]
name = "first"
[models.a]
input = "observations.bin"
[[grid]]
regularizer = "lrs"
mu = [0.1, 0.2]
rank = [1, 2]
[[grid]]
regularizer = "low_rank"
mu = [1, 2]
rank = [1, 2]
"""


def command(name: str) -> Any:
    module, attribute = COMMANDS[name][0].split(":")
    return getattr(importlib.import_module(module), attribute)


def call(*words: str) -> Result:
    return CliRunner().invoke(command(words[0]), list(words[1:]))


def ok(*words: str) -> str:
    result = call(*words)
    assert result.exit_code == 0, (words, result.output, result.exception)
    return result.output


@pytest.fixture(autouse=True)
def stubbed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    place = "hifred.sweep.kernels.fusion_kernel.FusionKernel"
    monkeypatch.setattr(place, StubKernel)
    monkeypatch.chdir(tmp_path)
    Path("observations.bin").write_bytes(b"counts")


@pytest.fixture
def sweep() -> str:
    Path("sweep.toml").write_text(TOML)
    ok("run", "sweep.toml", "--directory", "first-look", "--executor", "inline")
    ok("collect", "first-look")
    return "first-look"


def test_a_sweep_from_beginning_to_end() -> None:
    Path("sweep.toml").write_text(TOML)
    assert "6 trials" in ok("plan", "sweep.toml")
    assert not Path("runs").exists()
    text = ok("run", "sweep.toml", "--executor", "inline")
    assert "6 trials: 6 done (0 were done already)" in text
    assert "Take " in text
    text = ok("run", "runs/first", "--executor", "inline")
    assert "all 6 trials were done already: nothing was run" in text
    told = ok("status", "runs/first")
    assert "6/6" in told
    assert "Take " in told
    assert len(json.loads(ok("list", "runs/first", "--json"))) == 6
    assert "collected: 6 of 6 trials" in ok("collect", "runs/first")
    assert "nothing new" in ok("collect", "runs/first")
    (best,) = json.loads(
        ok("best", "runs/first", "--by", "nmse_db", "-n", "1", "--json")
    )
    shown = json.loads(ok("show", "runs/first", best["trial"], "--json"))
    assert shown["measures"]["nmse_db"] == best["nmse_db"]
    assert json.loads(ok("show", "runs/first", best["trial"], "--reproduce"))[
        "identical"
    ]
    n_results = sum(p.is_file() for p in Path("runs/first/results").rglob("*/**/*"))
    told = ok("verify", "runs/first")
    assert "7 files checked, 0 damaged" in told
    assert "Take " in ok("best", "runs/first")
    assert f"the collected results too, {n_results} files" in told


def test_the_template_is_a_sweep_that_can_be_planned() -> None:
    ok("init", "first-look")
    assert "remnant" in ok("plan", "first-look")
    again = call("init", "first-look")
    assert isinstance(again.exception, HifredError)


@pytest.mark.parametrize("name", OURS)
def test_the_example_of_the_help_runs(name: str, sweep: str) -> None:
    example = re.search(r"Example: hifred (.*)", command(name).epilog or "")
    assert example is not None, f"{name} has no example"
    assert "Example: hifred" in ok(name, "--help")
    words = shlex.split(example.group(1))
    assert words[0] == name
    if name == "init":
        words[1] = "another"
    if "ID" in words:
        first = json.loads(ok("list", sweep, "--json"))[0]["id"]
        words[words.index("ID")] = first
    if name in ("run", "tune"):
        words += ["--executor", "inline"]
    ok(*words)


@pytest.mark.parametrize(
    "words",
    [
        ("plan", "first-look"),
        ("status", "first-look"),
        ("list", "first-look"),
        ("collect", "first-look"),
        ("best", "first-look", "--by", "nmse_db"),
        ("verify", "first-look"),
        ("clean", "first-look"),
        ("retry", "first-look"),
        ("cancel", "first-look"),
    ],
)
def test_every_listing_speaks_json(sweep: str, words: tuple[str, ...]) -> None:
    json.loads(ok(*words, "--json"))


@pytest.mark.parametrize(
    ("behaviour", "code"), [("raise", 1), ("diverge", 1), (None, 0)]
)
def test_the_exit_code_tells_whether_trials_failed(
    behaviour: str | None, code: int
) -> None:
    extra = "" if behaviour is None else f'behaviour = ["{behaviour}"]\n'
    Path("sweep.toml").write_text(TOML + extra)
    assert call("run", "sweep.toml", "--executor", "inline").exit_code == code
    told = call("status", "runs/first")
    assert told.exit_code == code
    assert ("What failed, and what to do" in told.output) == (code == 1)


def test_an_incomplete_sweep_exits_with_3() -> None:
    Path("sweep.toml").write_text(TOML)
    from hifred.sweep.plan.target import plan_sweep

    plan_sweep("sweep.toml", directory="s", kernel=StubKernel())
    assert call("status", "s").exit_code == 3


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("run", "absent.toml"), "must be a readable file"),
        (("status", "."), "must be a sweep directory"),
        (("collect", "."), "must be a sweep directory"),
        (("best", ".", "--by", "x"), "must be collected first"),
        (("list", "first-look", "--where", "rnak > 1"), "did you mean 'rank'"),
        (("show", "first-look", "zz"), "first digits"),
        (("best", "first-look", "--by", "nmse"), "did you mean 'nmse_db'"),
        (("retry", "first-look", "--memory", "much"), "must be a size"),
        (("run", "wrong.toml"), "did you mean 'mu'"),
    ],
)
def test_wrong_input_is_one_sentence(
    sweep: str, words: tuple[str, ...], message: str
) -> None:
    Path("wrong.toml").write_text(TOML.replace("mu =", "muu ="))
    result = call(*words)
    assert isinstance(result.exception, HifredError)
    assert message in str(result.exception)


def test_every_command_says_at_once_that_it_has_begun(tmp_path: Path) -> None:
    """The line is there before numpy is imported: that takes long on a login node."""
    told = (
        "import sys, builtins\n"
        "real = builtins.__import__\n"
        "def slow(name, *rest):\n"
        "    if name == 'numpy': raise SystemExit(7)\n"
        "    return real(name, *rest)\n"
        "builtins.__import__ = slow\n"
        "from hifred.cli import COMMANDS, main\n"
        "for name in COMMANDS:\n"
        "    sys.argv = ['hifred', name, 'nowhere']\n"
        "    try: main()\n"
        "    except SystemExit as end: print(name, end.code)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", told],
        capture_output=True, text=True, cwd=tmp_path, check=True,
    )  # fmt: skip
    assert done.stderr == "".join(f"hifred {name} ...\n" for name in COMMANDS)
    assert done.stdout == "".join(f"{name} 7\n" for name in COMMANDS)


def run_python(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True, text=True, check=False, env=os.environ | variables,
    )  # fmt: skip


def test_a_backend_that_is_not_there_stops_no_command() -> None:
    told = (
        "import sys; sys.argv = ['hifred', '--version']\n"
        "from hifred.cli import main\n"
        "try: main()\n"
        "except SystemExit: import matplotlib\n"
    )
    done = run_python("-c", told, MPLBACKEND="nonsense")
    assert done.returncode == 0, done.stderr


def test_without_assertions_nothing_is_begun() -> None:
    done = run_python("-O", "-m", "hifred.cli", "status", "s")
    assert done.returncode == 2
    assert "error: Python must run with its assertions" in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
def test_an_output_that_is_full_is_told_in_a_sentence() -> None:
    command = [sys.executable, "-m", "hifred.cli", "--help"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    told = "error: a file, or the output, cannot be used: No space left on device.\n"
    assert (done.returncode, done.stderr) == (2, told)


def test_letters_that_a_locale_lacks_are_spelt_out() -> None:
    told = (
        "import sys; sys.argv = ['hifred', '--version']\n"
        "from hifred.cli import main\n"
        "from hifred.cli.output import console\n"
        "try: main()\n"
        "except SystemExit: console().print('13 \\u03c3')\n"
    )
    plain = {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": ""}
    done = run_python("-c", told, LC_ALL="C", **plain)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "13 \\u03c3")


def test_watching_imports_nothing_that_fuses() -> None:
    told = "import sys, hifred.cli.watch; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", told], capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert not {"numba", "distributed", "hifred.fusion", "matplotlib"} & loaded
