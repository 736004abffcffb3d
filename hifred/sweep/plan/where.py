"""Conditions such as ``rank >= 8 and mu < 0.01``: read, never executed."""

import operator
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

from hifred.errors import SettingsError, unknown_name
from hifred.settings.kinds import is_number

_OPERATORS: dict[str, Callable[[Any, Any], object]] = {
    "<=": operator.le, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
    "<": operator.lt, ">": operator.gt, "=": operator.eq,
}  # fmt: skip
_EQUALITIES = ("==", "!=", "=")
_WORDS = {"true": True, "false": False, "none": None}
_TERM = re.compile(r"^\s*([A-Za-z_][\w.]*)\s*(<=|>=|==|!=|<|>|=)\s*(.+?)\s*$")


@final
@dataclass(frozen=True)
class Condition:
    """One comparison of a named value with a constant.

    Parameters
    ----------
    name, symbol : str
    constant : object
        What the constant says: a number, True, False, None or a text.
    word : str
        The constant as it was written, to be compared with texts: ``none`` may be the
        name of a regulariser, ``12`` that of a model.
    """

    name: str
    symbol: str
    constant: object
    word: str

    def holds(self, values: Mapping[str, object]) -> bool:
        """Say whether `values` fulfil it; an absent value equals ``none`` only."""
        value = values.get(self.name)
        if value is None:
            return (self.symbol != "!=") == (self.constant is None) and (
                self.symbol in _EQUALITIES
            )
        if isinstance(value, str):
            return self.symbol in _EQUALITIES and bool(
                _OPERATORS[self.symbol](value, self.word)
            )
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


def matches(conditions: Sequence[Condition], values: Mapping[str, object]) -> bool:
    """Say whether all `conditions` hold for `values`."""
    return all(condition.holds(values) for condition in conditions)


def check_conditions(
    conditions: Sequence[Condition], known: Mapping[str, Collection[object]], what: str
) -> None:
    """Refuse conditions that can only be misspelt.

    Parameters
    ----------
    conditions : sequence of Condition
    known : mapping of str to values
        What can be named, and the values that it has.
    what : str
        Where the conditions were written, such as ``"exclude"``.

    Raises
    ------
    SettingsError
        For an unknown name, or an unknown value of what has texts, with the nearest
        one; for a comparison that makes no sense.
    """
    for condition in conditions:
        if condition.name not in known:
            raise unknown_name(f"name in {what}", condition.name, known)
        _check_constant(condition, known[condition.name], what)


def _check_constant(
    condition: Condition, values: Collection[object], what: str
) -> None:
    name, constant = condition.name, condition.constant
    texts = {value for value in values if isinstance(value, str)}
    has_numbers = any(is_number(value) for value in values)
    is_equality = condition.symbol in _EQUALITIES
    if (has_numbers and is_number(constant)) or not (texts or has_numbers):
        return
    if not is_equality:
        wanted = "with a number" if has_numbers else "by == or !="
        raise SettingsError(
            f"{name} in {what} must be compared {wanted}; "
            f"got '{name} {condition.symbol} {condition.word}'."
        )
    if condition.word in texts or constant is None:
        return
    if texts:
        raise unknown_name(f"{name} in {what}", condition.word, texts)
    raise SettingsError(
        f"{name} in {what} must be compared with a number; got {condition.word!r}."
    )


def _read_term(term: str) -> Condition:
    found = _TERM.match(term)
    if found is None:
        raise SettingsError(
            f"where must be comparisons joined by 'and'; got {term.strip()!r}. "
            "Write, say, 'rank >= 8 and regularizer == lrs'."
        )
    name, symbol, constant = found.groups()
    return Condition(name, symbol, _read_constant(constant), constant.strip("'\""))


def _read_constant(text: str) -> object:
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text.strip("'\"")
