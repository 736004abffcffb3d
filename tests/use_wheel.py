"""Use an installed wheel from end to end: `make test-dist` runs this file."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HIFRED = str(Path(sys.executable).with_name("hifred"))
SWEEP = Path(__file__).with_name("data") / "toy.toml"
COMMANDS = (
    "--version",
    "init template",  # its text
    "plan template",
    "run toy.toml --directory toy --executor inline --quiet",  # its table of lines
    "collect toy",
    "best toy",
    "report toy",  # its page
    "verify toy",
)


def use(folder: Path) -> None:
    """Run every command in `folder`, where no source of hifred lies."""
    shutil.copy(SWEEP, folder / "toy.toml")
    for command in COMMANDS:
        print(f"$ hifred {command}", flush=True)
        subprocess.run([HIFRED, *command.split()], cwd=folder, check=True)
    assert (folder / "toy" / "report.html").stat().st_size > 100_000
    import hifred

    assert "site-packages" in hifred.__file__
    assert Path(hifred.__file__).with_name("py.typed").is_file()
    assert len(hifred.open_results(folder / "toy").table()) == 2


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        use(Path(folder))
    print("1 passed, 0 failed")
