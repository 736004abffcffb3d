"""The commands that make pages wait for what draws until they have begun."""

import subprocess
import sys


def test_nothing_that_draws_is_imported_before() -> None:
    code = (
        "import sys, hifred.cli.pages;"
        "sys.exit(bool({'matplotlib', 'bokeh'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
