"""Digests of the code behind a result: what computes, and nothing else."""

import functools
import platform
from importlib.metadata import version
from pathlib import Path

import hifred
from hifred.sweep.kernels.import_graph import SourceGraph, read_source

# Which code the digests cover; those made by another rule cannot be compared.
RULE = "imports of a trial"
# Libraries whose versions can change a number; llvmlite compiles for numba.
NUMERICAL = ("numpy", "scipy", "numba", "llvmlite")
# The modules that compute a trial: its fits, and the threads that they run on.
ENTRIES = ("hifred.sweep.kernels.fusion_attempt", "hifred.threads")


@functools.cache
def code_digests() -> dict[str, str]:
    """Return a digest of every module that computes a trial, and versions.

    The Python version is there because a syntax tree reads differently to another one.
    """
    sources = SourceGraph(Path(hifred.__file__).parent).behind(*ENTRIES)
    del sources["hifred"]  # its version, which results only name
    major, minor, _ = platform.python_version_tuple()
    return {
        "rule": RULE,
        "python": f"{major}.{minor}",
        **{name: version(name) for name in NUMERICAL},
        **{name: source.digest for name, source in sources.items()},
    }


def source_digest(path: Path) -> str:
    """Return a digest of what a Python file computes."""
    return read_source(path).digest
