"""The floors of the library: imports go down, and each library has its place."""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "hifred"

FLOORS = {
    "dims": 0, "errors": 0,
    "compiling": 0.5, "threads": 0.5, "settings": 0.5, "old_names": 0.5,
    "operators": 1, "transforms": 1,
    "functionals": 2, "observations": 2,
    "solvers": 3,
    "fusion": 4, "simulation": 4, "measures": 4, "regions": 4,
    "posterior": 4.5,  # of what fusion gives; the store writes its draws
    "products": 4.7,  # measures cubes and their draws
    "store": 5,
    "selection": 5.5,  # chooses among the trials of a store
    "spectra": 5.5,  # of stored cubes
    "mixing": 5.7,  # names its files as spectra does
    "sweep": 6,
    "plots": 7,
    "report": 8, "explore": 8,  # both draw with plots
    "cli": 9,
}  # fmt: skip

# The rooms of the sweep, by floors of their own; what lies in no room is for all.
SWEEP_ROOMS = {
    "record": 1, "kernels": 1,
    "plan": 2,
    "worker": 3, "watch": 3,
    "executors": 4,
    "driver": 5,
}  # fmt: skip

LIBRARY_HOMES = {
    "dask": {"sweep"},
    "distributed": {"sweep"},
    "dask_jobqueue": {"sweep"},
    "zarr": {"store"},
    "matplotlib": {"plots", "report", "explore"},
    "bokeh": {"explore"},
    "regions": {"regions"},
    "shapely": {"regions"},
    "xarray": {
        "observations", "fusion", "simulation", "measures", "store", "selection",
        "sweep", "cli", "plots", "report", "explore", "posterior", "products",
        "regions", "spectra", "mixing",
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


def test_the_guide_shows_the_same_floors() -> None:
    guide = (ROOT / "docs/contribute/style.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([\d.]+) \| (`[^|]+) \|", guide, re.MULTILINE)
    shown = {
        part: float(floor)
        for floor, parts in rows
        for part in re.findall(r"`(\w+)`", parts)
    }
    assert shown == FLOORS


def room_of(name: str) -> str | None:
    """Return the room of a module of the sweep, named with dots."""
    words = name.split(".")
    inside = words[:2] == ["hifred", "sweep"] and len(words) > 3
    return words[2] if inside else None


def imports_against_the_rooms(path: Path) -> list[str]:
    name = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    own = SWEEP_ROOMS.get(room_of(name) or "", max(SWEEP_ROOMS.values()) + 1)
    return [
        other
        for other in imports_of(path)
        if (room := room_of(other)) is not None
        and room != room_of(name)
        and SWEEP_ROOMS[room] >= own
    ]


SWEEP_SOURCES = [p for p in SOURCES if part_of(p) == "sweep"]


@pytest.mark.parametrize("path", SWEEP_SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_rooms_of_the_sweep_import_only_those_below(path: Path) -> None:
    assert not imports_against_the_rooms(path)


def test_names_of_modules_and_classes_in_the_sweep_are_unique() -> None:
    names = Counter(p.name for p in SOURCES if p.name != "__init__.py")
    classes = Counter(
        node.name
        for path in SOURCES
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef)
    )
    assert not [p for p in SWEEP_SOURCES if names[p.name] > 1]
    assert not [
        node.name
        for path in SWEEP_SOURCES
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and classes[node.name] > 1
    ]


def test_an_import_against_the_rooms_would_be_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = tmp_path / "hifred/sweep/worker/wrong.py"
    wrong.parent.mkdir(parents=True)
    wrong.write_text("from hifred.sweep.driver.run import run_sweep\n")
    monkeypatch.setitem(globals(), "PACKAGE", tmp_path / "hifred")
    assert imports_against_the_rooms(wrong) == ["hifred.sweep.driver.run"]


def words_in(node: ast.AST | None) -> set[str]:
    """Return the names in an annotation, those in quotes as well."""
    if node is None:
        return set()
    parts = list(ast.walk(node))
    quoted = [p.value for p in parts if isinstance(p, ast.Constant)]
    names = {part.id for part in parts if isinstance(part, ast.Name)}
    return names.union(*(set(re.findall(r"\w+", str(text))) for text in quoted))


def signatures_with_any(path: Path) -> list[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and not node.name.startswith("_")
        and "Any" in words_in(node.returns).union(
            *(words_in(a.annotation) for a in ast.walk(node.args)
              if isinstance(a, ast.arg))
        )
    ]  # fmt: skip


TYPED_PARTS = {"sweep", "fusion", "solvers"}
TYPED_SOURCES = [p for p in SOURCES if part_of(p) in TYPED_PARTS]


@pytest.mark.parametrize("path", TYPED_SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_public_signatures_say_what_they_take(path: Path) -> None:
    assert not signatures_with_any(path)


def test_the_sweep_leaves_few_types_open() -> None:
    text = "".join(p.read_text(encoding="utf-8") for p in SWEEP_SOURCES)
    n_any = len(re.findall(r"\bAny\b", text))
    assert n_any / len(text.splitlines()) < 3 / 1000


# The process has one reason to stop and one fault handler, whatever runs in it; both
# are cleared by a function that tests call.
MUTABLE = {"_reasons", "_crash_files"}


def mutable_names(path: Path) -> list[str]:
    """Return what a module holds that its functions may change."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    held = [n for n in tree.body if isinstance(n, ast.Assign | ast.AnnAssign)]
    return [
        target.id
        for node in held
        if isinstance(node.value, ast.Dict | ast.List | ast.Set)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
        and not target.id.isupper()
        and target.id != "__all__"
    ]


@pytest.mark.parametrize("path", SWEEP_SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_modules_of_the_sweep_hold_nothing_that_changes(path: Path) -> None:
    assert set(mutable_names(path)) <= MUTABLE


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
