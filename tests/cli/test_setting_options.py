"""Options come from settings: names, help, checks; the summary needs no command."""

import importlib
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from hifred.cli import COMMANDS, hifred
from hifred.cli.fuse import fuse
from hifred.cli.setting_options import (
    checked_options,
    given_options,
    parse_value,
    setting_options,
)
from hifred.cli.simulate import bootstrap
from hifred.cli.sweep import run
from hifred.errors import SettingsError
from hifred.fusion.settings import known_settings
from hifred.settings import ByteSize, Place, read_settings
from hifred.settings.fields import fields_of
from hifred.sweep.executors.config import SlurmConfig
from hifred.sweep.plan.options import RunOptions
from tests.settings.made_up_settings import Everything


@click.command()
@setting_options(Everything)
def made_up(**options: object) -> None:
    given = given_options(options, Everything)
    click.echo(repr(read_settings(Everything, given, Place(is_command=True))))


def call(*words: str) -> str:
    result = CliRunner().invoke(made_up, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_values_arrive_as_their_kinds() -> None:
    words = "--kind fast --workers 3 --strength varying --quiet --title 3 --memory 4GiB"
    times = "--patience 2h --walltime 02:00:00 --band 1 2.5 --seeds 1 --seeds 2"
    expected = Everything(
        kind="fast", workers=3, strength="varying", quiet=True, title="3",
        memory=ByteSize.of_gib(4), patience="2h", walltime="02:00:00",
        band=(1, 2.5), seeds=(1, 2),
    )  # fmt: skip
    assert call(*words.split(), *times.split()).strip() == repr(expected)


def test_what_is_wrong_is_told_by_its_option() -> None:
    with pytest.raises(SettingsError, match="--strength must be a number >= 0 or 'var"):
        call("--kind", "fast", "--strength", "-1")


def test_help_tells_meaning_need_and_default() -> None:
    text = " ".join(call("--help").split())
    assert "--workers INTEGER Trials at a time. [a whole number >= 1]" in text
    assert "--kind [fast|paper] Which one." in text
    assert "--quiet / --no-quiet [default false]" in text
    assert "--budget" not in text


def test_dates_and_names_stay_texts() -> None:
    assert [parse_value(t) for t in ("02:00:00", "4GiB", "1e-3", "[1, 2]")] == [
        "02:00:00", "4GiB", 1e-3, [1, 2]
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("command", "kind"),
    [(fuse, known_settings()), (bootstrap, known_settings()), (run, RunOptions)],
)
def test_every_setting_is_an_option(command: click.Command, kind: type) -> None:
    names = {param.name for param in command.params}
    assert set(fields_of(kind)) - names <= {"retries"}


def test_options_of_a_class_that_needs_more_are_checked_alone() -> None:
    assert checked_options({"jobs": 3, "other": 1}, SlurmConfig) == {"jobs": 3}
    assert checked_options({"jobs": None}, SlurmConfig) == {}
    with pytest.raises(SettingsError, match="--jobs must be a whole number >= 1"):
        checked_options({"jobs": 0}, SlurmConfig)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["check", "a.zarr", "--boundary", "mirror"], "--boundary must be 'zero' or"),
        (["check", "a.zarr", "--target-resolution", "3"], "--target-resolution must"),
        (["collect", "d", "--cubes", "many"], "--cubes must be 'all', 'none', 'auto'"),
        (["retry", "d", "--memory", "4"], "--memory must be a size such as '4GiB'"),
        (
            ["submit", "d", "--cluster", "c.toml", "--jobs", "0"],
            "--jobs must be a whole number >= 1; got 0",
        ),
    ],
)
def test_a_wrong_option_is_told_in_the_words_of_its_settings(
    words: list[str], told: str
) -> None:
    result = CliRunner().invoke(hifred, words)
    assert str(result.exception).startswith(told)


def test_a_bootstrap_takes_a_varying_strength(tmp_path: Path) -> None:
    words = [str(tmp_path / "none.zarr"), "-o", str(tmp_path / "out.zarr")]
    told = CliRunner().invoke(bootstrap, [*words, "--mu", "varying"])
    assert "belongs to w2d1d" in str(told.exception)
    words += ["--regularizer", "w2d1d", "--mu", "varying"]
    told = CliRunner().invoke(bootstrap, words)
    assert told.exit_code == 1  # its settings are right, its input is absent
    assert "none.zarr" in str(told.exception)


def test_summaries_are_those_of_the_commands() -> None:
    for name, (place, summary) in COMMANDS.items():
        module, attribute = place.split(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        assert summary == command.get_short_help_str(200), name


def test_the_list_of_commands_imports_none_of_them() -> None:
    code = (
        "import sys; from hifred.cli import hifred\n"
        "try: hifred(['--help'])\nexcept SystemExit: pass\n"
        "print([m for m in ('numpy', 'pydantic', 'dask') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
    assert all(name in done.stdout for name in hifred.list_commands(None))  # type: ignore[arg-type]
