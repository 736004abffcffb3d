"""The commands that make pages say at once that they have begun."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

from hifred.cli.pages import explore, report


@pytest.mark.parametrize(
    ("command", "word"), [(explore, "opening"), (report, "drawing")]
)
def test_the_first_line_comes_before_the_work(tmp_path, command, word) -> None:
    found = CliRunner().invoke(command, [str(tmp_path / "nothing")])
    assert found.exit_code != 0
    assert found.stderr.startswith(f"{word} {tmp_path / 'nothing'} …\n")


def test_nothing_that_draws_is_imported_before() -> None:
    code = (
        "import sys, hifred.cli.pages;"
        "sys.exit(bool({'matplotlib', 'bokeh'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
