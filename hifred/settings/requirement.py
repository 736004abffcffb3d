"""What the value of a setting must be, in words and by an example."""

from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin

import annotated_types as bounds

from hifred.settings.fields import branches_of, fields_of, full_type, parts_of
from hifred.settings.kinds import Says

_NOUNS = {bool: "true or false", int: "a whole number", float: "a number",
          str: "a text"}  # fmt: skip
_EXAMPLES: dict[Any, Any] = {bool: True, int: 1, float: 1.0, str: "name"}
_SIGNS = {bounds.Ge: (">=", "ge"), bounds.Gt: (">", "gt"),
          bounds.Le: ("<=", "le"), bounds.Lt: ("<", "lt")}  # fmt: skip


def requirement(annotation: Any) -> str:
    """Return what a value of this type must be, such as ``"a whole number >= 1"``."""
    _, outer = parts_of(annotation)
    words = [_one_requirement(b, outer) for b in branches_of(annotation)]
    return " or ".join(dict.fromkeys(words)) or "left out"


def _one_requirement(branch: Any, outer: list[Any]) -> str:
    bare, own = parts_of(branch)
    extra = [*own, *(m for m in outer if m not in own)]
    told = [m.words for m in extra if isinstance(m, Says)]
    if told:
        return str(told[-1])
    if get_origin(bare) is Literal:
        return _choices([repr(choice) for choice in get_args(bare)])
    return f"{_noun(bare)}{_bounds(bare, extra)}"


def _choices(names: list[str]) -> str:
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _noun(bare: Any) -> str:
    origin, args = get_origin(bare), get_args(bare)
    if bare in _NOUNS:
        return _NOUNS[bare]
    if origin is list or Ellipsis in args:
        return f"a list, each entry {requirement(args[0])}"
    if origin is tuple:
        return f"a list [{', '.join(map(requirement, args))}]"
    return "a table" if _is_mapping(bare) or fields_of(bare) else "a value"


def _is_mapping(bare: Any) -> bool:
    kind = get_origin(bare) or bare
    return isinstance(kind, type) and issubclass(kind, Mapping)


def _bounds(bare: Any, extra: list[Any]) -> str:
    found = [
        f"{sign} {getattr(m, name):g}"
        for kind, (sign, name) in _SIGNS.items()
        for m in extra
        if isinstance(m, kind) and bare in (int, float)
    ]
    least = [m.min_length for m in extra if isinstance(m, bounds.MinLen)]
    if least:
        return f", at least {least[0]} of them"
    return f" {' and '.join(found)}" if found else ""


def example(annotation: Any) -> Any:
    """Return a right value of this type; None if none is known."""
    _, outer = parts_of(annotation)
    branches = branches_of(annotation)
    return _one_example(branches[0], outer) if branches else None


def _one_example(branch: Any, outer: list[Any]) -> Any:
    bare, own = parts_of(branch)
    extra = [*own, *outer]
    told = [m.example for m in extra if isinstance(m, Says)]
    if told:
        return told[-1]
    origin, args = get_origin(bare), get_args(bare)
    if origin is Literal:
        return args[0]
    if origin in (list, tuple):
        return [example(arg) for arg in args if arg is not Ellipsis]
    if fields_of(bare) or _is_mapping(bare):
        return _table_example(bare)
    if bare in (int, float):
        return _within(_EXAMPLES[bare], extra)
    return _EXAMPLES.get(bare)


def _within(value: Any, extra: list[Any]) -> Any:
    limits: dict[str, Any] = {
        name: getattr(m, name)
        for kind, (_, name) in _SIGNS.items()
        for m in extra
        if isinstance(m, kind)
    }
    lowest, highest = (
        limits.get("ge", limits.get("gt")),
        limits.get("le", limits.get("lt")),
    )
    if lowest is not None and highest is not None:
        return type(value)((lowest + highest) / 2)
    if lowest is not None and not value > lowest:
        return lowest + ("gt" in limits)
    if highest is not None and not value < highest:
        return highest - ("lt" in limits)
    return value


def _table_example(kind: Any) -> dict[str, Any]:
    """Return the keys that must be given, or the first one."""
    fields = fields_of(kind)
    needed = [name for name, field in fields.items() if field.is_required()]
    return {name: field_example(fields[name]) for name in needed or list(fields)[:1]}


def field_example(field: Any) -> Any:
    """Return a right value of a field: its own example, its default, or any."""
    if field.examples:
        return field.examples[0]
    default = None if field.is_required() else field.get_default()
    if isinstance(default, tuple) and default:
        return list(default)
    is_plain = isinstance(default, bool | int | float | str)
    return default if is_plain and default != "" else example(full_type(field))
