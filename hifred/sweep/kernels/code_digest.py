"""Digests of the code behind a result: comments and docstrings do not count."""

import ast
import functools
import hashlib
import platform
from pathlib import Path

import hifred

# What computes a trial; the sweep, the store and the pages do not change a result.
COMPUTING = (
    "operators", "transforms", "functionals", "observations", "solvers", "fusion",
    "measures",
)  # fmt: skip


@functools.cache
def code_digests() -> dict[str, str]:
    """Return a digest of every file that computes a trial, and the Python version.

    The version is there because a syntax tree reads differently to another Python.
    """
    package = Path(hifred.__file__).parent
    files = sorted(p for part in COMPUTING for p in (package / part).rglob("*.py"))
    digests = {p.relative_to(package).as_posix(): source_digest(p) for p in files}
    major, minor, _ = platform.python_version_tuple()
    return {"python": f"{major}.{minor}", **digests}


def source_digest(path: Path) -> str:
    """Return a digest of what a Python file does."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if (
            isinstance(
                node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
            )
            and ast.get_docstring(node, clean=False) is not None
        ):
            node.body = node.body[1:]
    return hashlib.sha256(ast.dump(tree).encode("utf-8")).hexdigest()[:12]
