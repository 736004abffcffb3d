"""The example in the README runs as it stands."""

import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"


def test_the_python_example_runs(tmp_path: Path) -> None:
    example = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)[0]
    done = subprocess.run(
        [sys.executable, "-c", example],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "the certificate is below the tolerance" in done.stdout


def test_every_command_it_names_exists() -> None:
    from hifred.cli import COMMANDS

    named = re.findall(r"\bhifred ([a-z]+)\b", README.read_text())
    assert named
    assert set(named) - {"finds"} <= set(COMMANDS)
