"""A real SLURM for these tests; where there can be none, they skip aloud."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from tests.cluster.bench import Bench

SCRIPT = Path(__file__).with_name("local_slurm.sh")
CANNOT_INSTALL = 77


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.cluster)


def local_slurm(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(SCRIPT), *words], capture_output=True, text=True, timeout=400, check=False
    )


def is_up() -> bool:
    if shutil.which("sinfo") is None:
        return False
    return not subprocess.run(["sinfo"], capture_output=True, check=False).returncode


@pytest.fixture(scope="session")
def slurm() -> Iterator[None]:
    """Use the SLURM that `make slurm-up` started, or start one for this session."""
    line = local_slurm("env").stdout.strip()
    os.environ["SLURM_CONF"] = line.partition("=")[2]
    with FileLock(Path(tempfile.gettempdir()) / "hifred-slurm.lock"):
        was_up = is_up() or "PYTEST_XDIST_WORKER" in os.environ
        done = local_slurm("up")
    if done.returncode == CANNOT_INSTALL:
        pytest.skip(f"no SLURM here: {done.stderr.strip().splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    yield
    if not was_up:
        local_slurm("down")


@pytest.fixture
def bench(slurm: None, tmp_path: Path) -> Iterator[Bench]:
    """Give a sweep directory with its tools; afterwards no job of it is left."""
    bench = Bench(tmp_path)
    yield bench
    bench.tidy()
