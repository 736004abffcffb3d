"""Digests of the code behind a result: what computes, and nothing else."""

import functools
import inspect
import platform
from importlib.metadata import version
from pathlib import Path

import hifred
from hifred.errors import HifredError
from hifred.fusion import REGULARIZERS, FusionSettings
from hifred.sweep.kernels.import_graph import SourceGraph, read_source

# Which code the digests cover; those made by another rule cannot be compared.
RULE = "imports of a trial"
# Libraries whose versions can change a number; llvmlite compiles for numba.
NUMERICAL = ("numpy", "scipy", "numba", "llvmlite")
# The modules that compute a trial: its fits, and the threads that they run on. With
# them go those of the regularisers, which nothing names but their register.
ENTRIES = ("hifred.sweep.kernels.fusion_attempt", "hifred.threads")


def code_digests() -> dict[str, str]:
    """Return a digest of every module that computes a trial, and versions.

    The Python version is there because a syntax tree reads differently to another one.
    Of a regulariser from outside this package its own file is digested, and no other.
    """
    return _digests_with(tuple(REGULARIZERS.values()))


@functools.cache
def _digests_with(regularizers: tuple[type[FusionSettings], ...]) -> dict[str, str]:
    name = hifred.__name__
    ours = [r for r in regularizers if r.__module__.split(".")[0] == name]
    graph = SourceGraph(Path(hifred.__file__).parent)
    sources = graph.behind(*ENTRIES, *(r.__module__ for r in ours))
    del sources[name]  # its version, which results only name
    major, minor, _ = platform.python_version_tuple()
    return {
        "rule": RULE,
        "python": f"{major}.{minor}",
        **{name: version(name) for name in NUMERICAL},
        **{name: source.digest for name, source in sources.items()},
        **{r.__module__: _foreign_digest(r) for r in regularizers if r not in ours},
    }


def _foreign_digest(regularizer: type[FusionSettings]) -> str:
    try:
        path = Path(inspect.getfile(regularizer))
    except (OSError, TypeError) as error:
        raise HifredError(
            f"regularizer {regularizer.name()!r} must be written in a file that every "
            "process of a sweep can import; it has none. Move it into a module."
        ) from error
    return source_digest(path)


def source_digest(path: Path) -> str:
    """Return a digest of what a Python file computes."""
    return read_source(path).digest
