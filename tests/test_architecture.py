"""The floors of the library: imports go down, and each library has its place."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "hifred"

FLOORS = {
    "dims": 0, "errors": 0,
    "threads": 0.5, "settings": 0.5,
    "operators": 1, "transforms": 1,
    "functionals": 2, "observations": 2,
    "solvers": 3,
    "fusion": 4, "simulation": 4, "measures": 4,
    "store": 5, "selection": 5,
    "sweep": 6,
    "plots": 7,
    "report": 8, "explore": 8,  # both draw with plots
    "cli": 9,
}  # fmt: skip

LIBRARY_HOMES = {
    "dask": {"sweep"},
    "distributed": {"sweep"},
    "dask_jobqueue": {"sweep"},
    "zarr": {"store"},
    "matplotlib": {"plots", "report", "explore"},
    "panel": {"explore"},
    "bokeh": {"explore"},
    "xarray": {
        "observations", "fusion", "simulation", "measures", "store", "selection",
        "sweep", "cli", "plots", "report", "explore",
    },
}  # fmt: skip

FORBIDDEN_FILES = {"utils.py", "helpers.py", "misc.py", "common.py"}
SOURCES = sorted(p for p in PACKAGE.rglob("*.py") if p != PACKAGE / "__init__.py")


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imports_of(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            found.add(module)
            if module == "hifred":
                found.update(f"hifred.{alias.name}" for alias in node.names)
    return found


def upward_imports(path: Path) -> list[str]:
    part = part_of(path)
    return [
        name
        for name in imports_of(path)
        if name.startswith("hifred.")
        and (target := name.split(".")[1]) != part
        and target in FLOORS
        and FLOORS[target] >= FLOORS[part]
    ]


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_down(path: Path) -> None:
    assert part_of(path) in FLOORS, "a new part needs a floor"
    assert not upward_imports(path)


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_each_library_is_named_only_in_its_place(path: Path) -> None:
    for name in imports_of(path):
        homes = LIBRARY_HOMES.get(name.split(".")[0])
        assert homes is None or part_of(path) in homes, name


def test_no_file_is_named_for_nothing() -> None:
    assert not [p for p in SOURCES if p.name in FORBIDDEN_FILES]


def test_no_file_is_longer_than_400_lines() -> None:
    too_long = [
        p for p in SOURCES if len(p.read_text(encoding="utf-8").splitlines()) > 400
    ]
    assert not too_long


def _body_length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = node.body
    if len(body) > 1 and ast.get_docstring(node) is not None:
        body = body[1:]
    return (body[-1].end_lineno or 0) - body[0].lineno + 1


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_functions_fit_on_a_screen(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert not [f.name for f in functions if _body_length(f) > 30]


def test_an_upward_import_would_be_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "operators").mkdir()
    wrong = tmp_path / "operators" / "wrong.py"
    wrong.write_text("from hifred.solvers import newton\n")
    monkeypatch.setitem(globals(), "PACKAGE", tmp_path)
    assert upward_imports(wrong) == ["hifred.solvers"]
