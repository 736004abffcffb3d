"""Conditions such as ``rank >= 8 and mu < 0.01``: read, never executed."""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, final

from hifred.errors import SettingsError

_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "<=": operator.le, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
    "<": operator.lt, ">": operator.gt, "=": operator.eq,
}  # fmt: skip
_TERM = re.compile(r"^\s*([A-Za-z_][\w.]*)\s*(<=|>=|==|!=|<|>|=)\s*(.+?)\s*$")


@final
@dataclass(frozen=True)
class Condition:
    """One comparison of a named value with a constant."""

    name: str
    symbol: str
    constant: Any

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Say whether `values` fulfil it; a value that is absent never does."""
        value = values.get(self.name)
        if value is None:
            return self.symbol == "!=" and self.constant is not None
        try:
            return bool(_OPERATORS[self.symbol](value, self.constant))
        except TypeError:
            return False


def read_where(text: str | None) -> list[Condition]:
    """Return the comparisons in `text`, joined by ``and``; all must hold.

    Raises
    ------
    SettingsError
        If it is not made of ``name operator constant``.
    """
    if text is None or not text.strip():
        return []
    return [_read_term(term) for term in re.split(r"\s+and\s+|,|&", text)]


def matches(conditions: list[Condition], values: Mapping[str, Any]) -> bool:
    """Say whether all `conditions` hold for `values`."""
    return all(condition.holds(values) for condition in conditions)


def _read_term(term: str) -> Condition:
    found = _TERM.match(term)
    if found is None:
        raise SettingsError(
            f"where must be comparisons joined by 'and'; got {term.strip()!r}. "
            "Write, say, 'rank >= 8 and regularizer == lrs'."
        )
    name, symbol, constant = found.groups()
    return Condition(name, symbol, _read_constant(constant))


def _read_constant(text: str) -> Any:
    words = {"true": True, "false": False, "none": None}
    if text.lower() in words:
        return words[text.lower()]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text.strip("'\"")
