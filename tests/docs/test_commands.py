"""Every command that a page shows is run, or, where it needs a cluster, checked."""

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from hifred.cli import hifred

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
NOT_RUN = {
    "submit": "needs SLURM",
    "doctor": "its findings are those of the machine",
    "prepare": "needs the observatories' files",
    "inspect": "needs one of them, too",
    "explore": "ends when its reader does",
    "bootstrap": "refits for a minute",
}
TOY = (ROOT / "tests" / "data" / "toy.toml").read_text(encoding="utf-8")
REGIONS = """\
image
circle(3,3,1.5) # text={knot}
box(4,7,5,3,20) # text={rim}
"""
LINES = """\
[lines.oxygen]
line = "O VIII Ly-alpha"
window_kev = [0.57, 0.75]
"""
FOLDERS = {"quickstart": "first-look"}


def shown_commands(page: Path) -> list[str]:
    """Return the lines of a page's shell blocks, in order."""
    text = page.read_text("utf-8")
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE)
    blocks += re.findall(r"(?:^    (?:hifred|make) .*\n)+", text, re.MULTILINE)
    lines = [
        line.split(" #")[0].strip() for block in blocks for line in block.split("\n")
    ]
    return [part for line in lines for part in line.split(" && ") if part]


def commands_of(page: Path, tool: str) -> list[list[str]]:
    commands = [shlex.split(line) for line in shown_commands(page)]
    return [words[1:] for words in commands if words[0] == tool]


PAGES_WITH_COMMANDS = [page for page in PAGES if commands_of(page, "hifred")]


def ok(*words: str) -> str:
    result = CliRunner().invoke(hifred, list(words))
    assert result.exit_code == 0, f"hifred {' '.join(words)}\n{result.output}"
    return result.stdout


@pytest.fixture(scope="module")
def toy_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with what the pages speak of: a sweep, an input, a fusion."""
    folder = tmp_path_factory.mktemp("project")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        Path("toy.toml").write_text(TOY)
        Path("snr.reg").write_text(REGIONS)
        Path("lines.toml").write_text(LINES)
        ok("run", "toy.toml", "--directory", "first-look", "--executor", "inline")
        shutil.copytree("first-look/inputs/remnant.zarr", "toy.zarr")
        ok("collect", "first-look")
        ok("sample", "first-look", "--draws", "2", "-o", "draws.zarr")
        ok("lines", "first-look", "lines.toml", "-o", "line-maps")
    return folder


@pytest.fixture
def project(
    toy_project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """Return a copy of it, which a page may change."""
    folder = tmp_path / "project"
    shutil.copytree(toy_project, folder)
    monkeypatch.chdir(folder)
    return folder


def as_toy(words: list[str]) -> list[str]:
    """Return a command with the names and sizes of the toy project."""
    if words[0] == "run":
        words = [*words, "--executor", "inline"]
    return [FOLDERS.get(word, word) for word in words]


def show(words: list[str]) -> None:
    """Show the first trial; of one that is done, there is no error to show."""
    trial = json.loads(ok("list", "first-look", "--json"))[0]["id"]
    parse(words)
    ok(*[trial if word == "TRIAL" else word for word in words])


def parse(words: list[str]) -> None:
    """Check names and kinds of all options, and run nothing."""
    command = hifred.get_command(click.Context(hifred), words[0])
    assert command is not None, words[0]
    for word in words[1:]:
        if word.endswith((".toml", ".evt")):
            Path(word).touch()
    command.make_context(words[0], words[1:])


@pytest.mark.parametrize("page", PAGES_WITH_COMMANDS, ids=lambda p: p.stem)
def test_the_commands_of_a_page_do_what_it_says(page: Path, project: Path) -> None:
    for words in commands_of(page, "hifred"):
        if words[0] == "init":
            shutil.rmtree("first-look")
            ok(*words)
            Path("first-look/sweep.toml").write_text(TOY)
        elif ">" in words:
            *words, _, name = words
            Path(name).write_text(ok(*words))
        elif words[0] in NOT_RUN:
            parse(words)
            if words[0] == "submit":  # as if the cluster had done it
                ok("run", "first-look", "--executor", "inline")
        elif words[0] == "show":
            show(words)
        else:
            ok(*as_toy(words))


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_the_targets_of_make_are_there(page: Path) -> None:
    for words in commands_of(page, "make"):
        # --question runs nothing; 2 means that there is no such target.
        done = subprocess.run(
            ["make", "--question", *words], cwd=ROOT, capture_output=True, check=False
        )
        assert done.returncode != 2, words


def test_pages_show_commands() -> None:
    shown = {words[0] for page in PAGES for words in commands_of(page, "hifred")}
    assert shown >= {"fuse", "run", "submit", "doctor", "prepare"}


def test_an_option_that_is_not_there_would_be_found(project: Path) -> None:
    with pytest.raises(click.UsageError):
        parse(["submit", "first-look", "--clusters", "mine.toml"])


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_the_python_of_a_page_runs(page: Path, project: Path) -> None:
    for example in re.findall(
        r"^```python\n(.*?)^```", page.read_text("utf-8"), re.S | re.M
    ):
        if "real/" in example:  # read what a workflow makes from the optional data
            continue
        exec(compile(example, str(page), "exec"), {})
