"""The cache of compiled kernels: it saves time, and no disk of it decides anything."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numba.core import caching

from hifred import compiling

KERNEL = """
from hifred.compiling import njit

@njit(nogil=True, cache=True)
def doubled(x):
    return 2 * x

print(doubled(21.0), sum(doubled.stats.cache_hits.values()))
"""


def run(folder: Path, text: str = KERNEL, **environment: str) -> str:
    (folder / "kernel.py").write_text(text)
    kept = {k: v for k, v in os.environ.items() if k not in ("HOME", "NUMBA_CACHE_DIR")}
    done = subprocess.run(
        [sys.executable, "-B", "kernel.py"], cwd=folder, env={**kept, **environment},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.slow
def test_the_second_process_finds_what_the_first_compiled(tmp_path: Path) -> None:
    assert run(tmp_path) == "42.0 0"
    assert run(tmp_path) == "42.0 1"


def test_without_any_folder_kernels_are_compiled_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # As with a read-only package and no home, which root cannot be refused here.
    monkeypatch.setattr(caching.CacheImpl, "_locator_classes", [])

    @compiling.njit(cache=True)
    def doubled(x):
        return 2 * x

    assert doubled(21) == 42


@pytest.mark.slow
def test_a_full_disk_costs_a_compilation(tmp_path: Path) -> None:
    limited = (
        "import resource, signal\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
    )
    assert run(tmp_path, limited + KERNEL) == "42.0 0"
    assert run(tmp_path, limited + KERNEL) == "42.0 0"


@pytest.mark.slow
def test_a_damaged_cache_costs_a_compilation(tmp_path: Path) -> None:
    run(tmp_path)
    for path in tmp_path.rglob("*.nb?"):
        path.write_bytes(path.read_bytes()[:5])
    assert run(tmp_path) == "42.0 0"


def test_a_disk_that_refuses_is_done_without(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(compiling.FunctionCache, "save_overload", refuse)
    monkeypatch.setattr(compiling.FunctionCache, "load_overload", refuse)

    @compiling.njit(cache=True)
    def total(values):
        return values.sum()

    assert total(np.ones(3)) == 3.0
