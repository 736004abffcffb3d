"""The values of one swept setting: a list, or a range written as a small table."""

import math
from collections.abc import Callable, Mapping

import numpy as np

from hifred.errors import SettingsError, unknown_name
from hifred.settings.kinds import is_number

# Values of a range are rounded to so many digits: 0.1 + 0.2 means 0.3 to its writer,
# and a trial's id must not hang on the last bit of another machine's exp().
DIGITS = 12


def swept_values(name: str, given: object) -> list[object]:
    """Return all values that `given` stands for.

    Parameters
    ----------
    name : str
        The setting, for the error.
    given : value, list, or table
        ``{ linspace = [first, last, n] }``, ``{ logspace = [first, last, n] }`` (the
        ends themselves, not their exponents) or ``{ range = [first, last, step] }``
        (the last included when it is reached).

    Raises
    ------
    SettingsError
        If the list is empty or the range makes no sense.
    """
    if isinstance(given, Mapping):
        _check_range(name, given)
        kind, numbers = next(iter(given.items()))
        values = _RANGES[kind](name, *numbers)
    elif isinstance(given, np.ndarray | list | tuple):
        values = list(given)
    else:
        values = [given]
    if not values:
        raise SettingsError(f"{name} must have at least one value; got none.")
    return values


def count_values(name: str, given: object) -> int:
    """Return how many values `given` stands for, without making them.

    Raises
    ------
    SettingsError
        If the range makes no sense.
    """
    if not isinstance(given, Mapping):
        return len(given) if isinstance(given, np.ndarray | list | tuple) else 1
    _check_range(name, given)
    kind, (first, last, third) = next(iter(given.items()))
    return _steps(name, first, last, third) if kind == "range" else _count(name, third)


def _check_range(name: str, given: Mapping[str, object]) -> None:
    if len(given) != 1:
        raise SettingsError(
            f"{name} must be one range; got {dict(given)}. "
            "Write, say, { logspace = [0.001, 0.1, 5] }."
        )
    kind, numbers = next(iter(given.items()))
    if kind not in _RANGES:
        raise unknown_name(f"range in {name}", str(kind), _RANGES)
    if not _is_three_numbers(numbers):
        raise SettingsError(
            f"{name} must have three numbers in {kind}; got {numbers}. "
            f"Write {{ {kind} = [first, last, {_THIRD[kind]}] }}."
        )


def _is_three_numbers(numbers: object) -> bool:
    return (
        isinstance(numbers, list | tuple)
        and len(numbers) == 3
        and all(is_number(n) and _is_representable(n) for n in numbers)
    )


def _is_representable(number: float) -> bool:
    """Say whether numpy has a type for it: not for whole numbers of 2^63 and more."""
    limit = 2**63 if isinstance(number, int) else math.inf
    return abs(number) < limit


def _rounded(values: np.ndarray) -> list[object]:
    return [float(f"{value:.{DIGITS}g}") for value in values.tolist()]


def _count(name: str, n: float) -> int:
    if n != int(n) or n < 1:
        raise SettingsError(f"{name} must have a whole number of steps; got {n}.")
    return int(n)


def _linspace(name: str, first: float, last: float, n: float) -> list[object]:
    return _rounded(np.linspace(first, last, _count(name, n)))


def _logspace(name: str, first: float, last: float, n: float) -> list[object]:
    if first <= 0 or last <= 0:
        raise SettingsError(
            f"{name} must have positive ends for logspace; got {first} and {last}. "
            "Give the ends themselves, not their exponents."
        )
    return _rounded(np.geomspace(first, last, _count(name, n)))


def _steps(name: str, first: float, last: float, step: float) -> int:
    if step == 0 or (last - first) / step < 0:
        raise SettingsError(
            f"{name} must have a step that leads from {first} to {last}; got {step}."
        )
    return int(np.floor((last - first) / step + 1e-9)) + 1


def _stepped(name: str, first: float, last: float, step: float) -> list[object]:
    count = _steps(name, first, last, step)
    if all(isinstance(n, int) for n in (first, last, step)):
        return [int(first + i * step) for i in range(count)]
    return _rounded(first + step * np.arange(count))


_RANGES: dict[str, Callable[..., list[object]]] = {
    "linspace": _linspace,
    "logspace": _logspace,
    "range": _stepped,
}
_THIRD = {"linspace": "count", "logspace": "count", "range": "step"}
