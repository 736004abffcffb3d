"""Filter expressions, as SAS and ftools write them: parsed, and never executed."""

import ast
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from hifred.errors import SettingsError
from hifred.observations.formats.fits_tables import FitsTable

EXAMPLE = "(PATTERN <= 12) && (FLAG & 0x766ba000) == 0 && PI in [500:7000]"

# Of the XMM-Newton SAS, file epicselection.
MACROS = {
    "#XMMEA_EM": "((FLAG & 0x766ba000) == 0)",
    "#XMMEA_EP": "((FLAG & 0x2fb002c) == 0)",
    "#XMMEA_SM": "((FLAG & 0xfffffeff) == 0)",
}

# COLUMN in [low:high], ends included.
_RANGE = re.compile(r"\s+in\s*\[\s*([-+.\w]+)\s*:\s*([-+.\w]+)\s*\]", re.IGNORECASE)

Node = Callable[[Mapping[str, np.ndarray]], Any]


@final
@dataclass(frozen=True)
class Expression:
    """A condition over one or several columns of an event list.

    Parameters
    ----------
    text : str
        Comparisons of columns and numbers with ``+ - * / %``, bits with ``& |``,
        ranges with ``COLUMN in [low:high]``, bits of a column with ``STATUS[4] == b0``
        (counted from 1), joined by ``&&``, ``||`` and ``!`` (or and, or, not).

    Raises
    ------
    SettingsError
        If the text is no such expression. The error holds an example.
    """

    text: str

    def __post_init__(self) -> None:
        _compiled(self.text)

    def __str__(self) -> str:
        return " ".join(self.text.split())

    @property
    def columns(self) -> frozenset[str]:
        """Names of the columns that it reads, in capitals."""
        tree = _parsed(self.text)
        names = {
            node.id.upper() for node in ast.walk(tree) if isinstance(node, ast.Name)
        }
        return frozenset(names - set(_CONSTANTS))

    @property
    def parts(self) -> list["Expression"]:
        """The conditions that must all hold, one by one."""
        body = _parsed(self.text).body
        if isinstance(body, ast.BoolOp) and isinstance(body.op, ast.And):
            return [Expression(ast.unparse(node)) for node in body.values]
        return [self]

    def accepts(self, table: FitsTable) -> np.ndarray:
        """Return which rows (event,) of a table meet the condition.

        A comparison with an undefined value is false.
        """
        columns = {name: table.values(name) for name in self.columns}
        try:
            found = self.holds(columns)
        except (TypeError, IndexError, ValueError) as error:
            raise _wrong(self.text, f"on {table.place()} it fails: {error}") from error
        if found.dtype != bool or found.shape != (len(table.data),):
            raise _wrong(self.text, "it must give true or false for every event")
        return found

    def holds(self, columns: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return where the condition holds for values of its columns, in capitals."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(_compiled(self.text)(columns))


def _wrong(text: str, why: str) -> SettingsError:
    return SettingsError(
        f"a filter expression must compare columns with numbers; in {text!r} {why}. "
        f"Write, say, {EXAMPLE!r}."
    )


def _parsed(text: str) -> ast.Expression:
    plain = text
    for name, meaning in MACROS.items():
        plain = plain.replace(name, meaning)
    if "#" in plain:
        raise _wrong(text, f"there is an unknown name; {', '.join(MACROS)} are known")
    plain = plain.replace("&&", " and ").replace("||", " or ")
    plain = re.sub(r"!(?!=)", " not ", plain)
    plain = _RANGE.sub(r" in (\1, \2)", plain)
    try:
        return ast.parse(" ".join(plain.split()), mode="eval")
    except (SyntaxError, ValueError, RecursionError) as error:
        raise _wrong(text, f"there is a mistake: {error}") from error


def _compiled(text: str) -> Node:
    try:
        return _node(_parsed(text).body)
    except _NotAllowedError as error:
        raise _wrong(text, f"{error} is not allowed") from error


class _NotAllowedError(Exception):
    """A part of Python that filters do not have."""


_CONSTANTS = {"B0": False, "B1": True, "TRUE": True, "FALSE": False, "T": True}
_OPERATORS: dict[type, Callable[..., Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul,
    ast.Div: operator.truediv, ast.Mod: operator.mod,
    ast.BitAnd: lambda a, b: np.bitwise_and(_integer(a), _integer(b)),
    ast.BitOr: lambda a, b: np.bitwise_or(_integer(a), _integer(b)),
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt,
    ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
    ast.USub: operator.neg, ast.UAdd: operator.pos, ast.Not: np.logical_not,
    ast.And: np.logical_and, ast.Or: np.logical_or,
}  # fmt: skip


def _integer(values: Any) -> Any:
    """Return values as integers for bits; undefined ones have every bit set."""
    values = np.asarray(values)
    if values.dtype.kind != "f":
        return values.astype(np.int64)
    return np.where(np.isfinite(values), values, -1).astype(np.int64)


def _node(node: ast.AST) -> Node:
    kinds: dict[type, Callable[[Any], Node]] = {
        ast.Constant: _constant, ast.Name: _name, ast.Compare: _compare,
        ast.BoolOp: _joined, ast.BinOp: _binary, ast.UnaryOp: _unary,
        ast.Subscript: _bit,
    }  # fmt: skip
    if type(node) not in kinds:
        raise _NotAllowedError(type(node).__name__.lower())
    return kinds[type(node)](node)


def _function(kind: ast.AST) -> Callable[..., Any]:
    if type(kind) not in _OPERATORS:
        raise _NotAllowedError(type(kind).__name__.lower())
    return _OPERATORS[type(kind)]


def _constant(node: ast.Constant) -> Node:
    if not isinstance(node.value, int | float):
        raise _NotAllowedError(repr(node.value))
    return lambda _: node.value


def _name(node: ast.Name) -> Node:
    name = node.id.upper()
    if name in _CONSTANTS:
        return lambda _: _CONSTANTS[name]
    return lambda columns: columns[name]


def _unary(node: ast.UnaryOp) -> Node:
    function, inner = _function(node.op), _node(node.operand)
    return lambda columns: function(inner(columns))


def _binary(node: ast.BinOp) -> Node:
    function, left, right = _function(node.op), _node(node.left), _node(node.right)
    return lambda columns: function(left(columns), right(columns))


def _joined(node: ast.BoolOp) -> Node:
    function, parts = _function(node.op), [_node(value) for value in node.values]

    def evaluate(columns: Mapping[str, np.ndarray]) -> Any:
        found = parts[0](columns)
        for part in parts[1:]:
            found = function(found, part(columns))
        return found

    return evaluate


def _compare(node: ast.Compare) -> Node:
    left, tests = node.left, []
    for kind, right in zip(node.ops, node.comparators, strict=True):
        if isinstance(kind, ast.In):
            tests.append(_within(_node(left), right))
        else:
            tests.append(_compared(_function(kind), _node(left), _node(right)))
        left = right
    return lambda columns: np.logical_and.reduce([test(columns) for test in tests])


def _compared(function: Callable[..., Any], left: Node, right: Node) -> Node:
    return lambda columns: function(left(columns), right(columns))


def _within(left: Node, bounds: ast.AST) -> Node:
    if not isinstance(bounds, ast.Tuple) or len(bounds.elts) != 2:
        raise _NotAllowedError("a list after in, without low:high,")
    low, high = (_node(bound) for bound in bounds.elts)
    return lambda columns: (
        (left(columns) >= low(columns)) & (left(columns) <= high(columns))
    )


def _bit(node: ast.Subscript) -> Node:
    index = node.slice
    if not isinstance(index, ast.Constant) or not isinstance(index.value, int):
        raise _NotAllowedError("an index that is no number")
    column, number = _node(node.value), index.value
    if number < 1:
        raise _NotAllowedError("bit 0: they are counted from 1, so it")
    return lambda columns: column(columns)[:, number - 1]
