"""Public signatures of these parts say what they take and return."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "hifred"
TYPED = ("fusion", "solvers")
FILES = sorted(p for part in TYPED for p in (PACKAGE / part).rglob("*.py"))


def annotations(function: ast.FunctionDef) -> Iterator[ast.expr]:
    arguments = function.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs,
             arguments.vararg, arguments.kwarg]  # fmt: skip
    yield from (a.annotation for a in every if a is not None and a.annotation)
    if function.returns is not None:
        yield function.returns


def vague(tree: ast.AST) -> list[str]:
    return [
        function.name
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        and (function.name.startswith("__") or not function.name.startswith("_"))
        and any(
            "Any" in ast.unparse(a).replace("AnyMethod", "")
            for a in annotations(function)
        )
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_no_public_signature_says_anything_goes(path: Path) -> None:
    assert not vague(ast.parse(path.read_text(encoding="utf-8")))


def test_a_vague_signature_would_be_found() -> None:
    tree = ast.parse("def f(x: list[Any]) -> int: ...\ndef _g(x: Any): ...")
    assert vague(tree) == ["f"]
