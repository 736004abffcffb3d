"""Which modules a module's code comes from, read from the source, nothing imported."""

import ast
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import final

# Methods that show an object to a person; what only they import computes nothing.
SHOWING = ("__repr__", "__str__", "_repr_html_")

_Definition = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


@final
@dataclass(frozen=True)
class Source:
    """What a module computes, in short; comments and docstrings do not count.

    Parameters
    ----------
    digest : str
        Of its syntax tree.
    imports : mapping
        Every name that an import binds, to the module and the name (None = the module
        itself) that it stands for.
    used : set of str
        Names that its code reads.
    """

    digest: str
    imports: Mapping[str, tuple[str, str | None]]
    used: frozenset[str]


def read_source(path: Path, package: str = "") -> Source:
    """Read what a Python file computes; its relative imports are those of `package`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    _leave_out_what_computes_nothing(tree)
    nodes = list(ast.walk(tree))
    return Source(
        hashlib.sha256(ast.dump(tree).encode("utf-8")).hexdigest()[:12],
        {bound: pair for node in nodes for bound, pair in _bound_by(node, package)},
        frozenset(node.id for node in nodes if isinstance(node, ast.Name)),
    )


def _leave_out_what_computes_nothing(tree: ast.Module) -> None:
    for node in ast.walk(tree):
        if isinstance(node, _Definition):
            told = ast.get_docstring(node, clean=False) is not None
            body = node.body[1:] if told else node.body
            node.body = [part for part in body if not _shows(part)]


def _shows(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef) and node.name in SHOWING


def _bound_by(
    node: ast.AST, package: str
) -> Iterator[tuple[str, tuple[str, str | None]]]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield alias.asname or alias.name.split(".")[0], (alias.name, None)
    elif isinstance(node, ast.ImportFrom):
        near = [package] if node.level else []
        module = ".".join([*near, *([node.module] if node.module else [])])
        for alias in node.names:
            yield alias.asname or alias.name, (module, alias.name)


@final
@dataclass(frozen=True)
class SourceGraph:
    """The modules of one package and what they import.

    A name that a package re-exports, in its code or in the stub that stands for it,
    leads to the module that defines it: the other modules of that package are not
    behind it.

    Parameters
    ----------
    root : path
        The folder of the package.
    """

    root: Path
    _read: dict[str, Source] = field(default_factory=dict, repr=False)

    def behind(self, *entries: str) -> dict[str, Source]:
        """Return the modules behind `entries`, themselves included, by name."""
        found: dict[str, Source] = {}
        waiting = list(entries)
        while waiting:
            name = waiting.pop()
            if name not in found:
                found[name] = self._source(name)
                waiting += self._own_imports(found[name])
        return dict(sorted(found.items()))

    def foreign(self, sources: Mapping[str, Source]) -> set[str]:
        """Return the top-level packages beyond this one that `sources` import."""
        modules = {m for s in sources.values() for m, _ in s.imports.values()}
        return {module.split(".")[0] for module in modules} - {self.root.name}

    def _own_imports(self, source: Source) -> Iterator[str]:
        for bound, (module, name) in source.imports.items():
            if bound in source.used and module.split(".")[0] == self.root.name:
                yield self._defining(module, name)

    def _defining(self, module: str, name: str | None) -> str:
        """Return the module that defines `name`, which is imported from `module`."""
        if name is None:
            return module
        if self._file(f"{module}.{name}").exists():
            return f"{module}.{name}"
        re_exported = self._door(module).imports.get(name)
        return module if re_exported is None else self._defining(*re_exported)

    def _source(self, name: str) -> Source:
        if name not in self._read:
            self._read[name] = read_source(self._file(name))
        return self._read[name]

    def _door(self, name: str) -> Source:
        """Return what tells where the names of a module come from."""
        stub = self._file(name).with_suffix(".pyi")
        return read_source(stub, name) if stub.exists() else self._source(name)

    def _file(self, name: str) -> Path:
        path = self.root.joinpath(*name.split(".")[1:])
        package = path / "__init__.py"
        return package if package.exists() else path.with_suffix(".py")
