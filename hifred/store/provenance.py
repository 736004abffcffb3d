"""Where a result came from: an allow-list of facts, never the whole environment."""

import functools
import os
import platform
import resource
import socket
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import threadpoolctl

import hifred

PACKAGES = ("numpy", "scipy", "numba", "xarray", "zarr", "dask", "distributed")
JOB_VARIABLES = (
    "SLURM_JOB_ID", "SLURM_JOB_NAME", "SLURM_JOB_PARTITION", "SLURMD_NODENAME",
    "SLURM_CLUSTER_NAME", "SLURM_RESTART_COUNT",
)  # fmt: skip


def max_rss_mib() -> float:
    """Return the largest resident memory of this process so far, MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(peak) / (1024**2 if sys.platform == "darwin" else 1024)


@functools.cache
def machine_facts() -> dict[str, Any]:
    """Return what stays the same while this process lives."""
    return {
        "hifred": hifred.__version__,
        "git": _git_facts(),
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES},
        "blas": _blas_facts(),
        "platform": platform.platform(terse=True),
        "cpu": _cpu_name(),
        "cpu_count": os.cpu_count(),
        "host": socket.gethostname(),
        "job": {name: os.environ[name] for name in JOB_VARIABLES if name in os.environ},
    }


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _git_facts() -> dict[str, Any]:
    folder = Path(hifred.__file__).parents[1]
    commit = _git(folder, "rev-parse", "HEAD")
    if commit is None or not (folder / ".git").exists():
        return {"commit": None, "dirty": None}
    dirty = _git(
        folder, "status", "--porcelain", "--untracked-files=no", "--", "hifred"
    )
    return {"commit": commit, "dirty": None if dirty is None else bool(dirty)}


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True, text=True, timeout=20, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _blas_facts() -> list[dict[str, Any]]:
    keys = ("internal_api", "version", "architecture")
    return [
        {key: pool[key] for key in keys if pool.get(key) is not None}
        for pool in threadpoolctl.threadpool_info()
    ]


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = (line.split(":", 1)[1] for line in lines if line.startswith("model name"))
    return next(names, platform.processor()).strip()
