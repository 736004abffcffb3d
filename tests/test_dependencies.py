"""What the library imports is declared, each with the lowest version it works with."""

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
UNNAMED = {"cryptography"}  # makes the certificates that distributed asks it for
BROUGHT = {"annotated_types", "pydantic_core", "tornado", "IPython"}
"""Part of pydantic, of distributed, and of the notebook that displays a result."""


IMPORTED_AS = {"scikit_learn": "sklearn"}


def declared(requirements: list[str]) -> dict[str, str]:
    """Return the condition on each package, by the name it is imported under."""
    pairs = [re.split(r"(?=[<>=!~])", line, maxsplit=1) for line in requirements]
    names = {name.strip().replace("-", "_"): "".join(rest) for name, *rest in pairs}
    return {IMPORTED_AS.get(name, name): rest for name, rest in names.items()}


def imported_packages(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    modules = [n.module or "" for n in nodes if isinstance(n, ast.ImportFrom)]
    modules += [a.name for n in nodes if isinstance(n, ast.Import) for a in n.names]
    return {module.split(".")[0] for module in modules}


@pytest.mark.parametrize("requirements", [PROJECT["dependencies"], *EXTRAS.values()])
def test_every_package_has_a_lowest_version(requirements: list[str]) -> None:
    # Without one, an installer may choose the oldest release that there ever was.
    assert not [
        name for name, rest in declared(requirements).items() if ">=" not in rest
    ]


def test_what_is_imported_is_declared_and_the_other_way_round() -> None:
    sources = (ROOT / "hifred").rglob("*.py")
    imported = set[str]().union(*map(imported_packages, sources))
    used = [*PROJECT["dependencies"], *EXTRAS["explore"], *EXTRAS["tune"]]
    known = declared(used)
    foreign = imported - set(sys.stdlib_module_names) - BROUGHT - {"hifred"}
    assert foreign == set(known) - UNNAMED
