"""Settings as a commented TOML file: every key, its type, its default, its meaning."""

import textwrap
from typing import Any

from pydantic.fields import FieldInfo

from hifred.settings.fields import (
    branches_of,
    fields_of,
    full_type,
    is_optional,
    parts_of,
)
from hifred.settings.requirement import field_example, requirement
from hifred.settings.toml import toml_value

WIDTH = 88


def commented_toml(kind: Any, table: str = "", /, **shown: Any) -> str:
    """Return a TOML file of a class of settings, to start from.

    Every key stands under its description and what it must be. Keys with a default are
    commented out, at their default or an example; the others hold an example.

    Parameters
    ----------
    kind : class
        Made by `hifred.settings.settings`.
    table : str
        Name of the table it is in; none at the top of a file.
    **shown
        Values to write out instead.
    """
    plain, tables = [], []
    for name, field in fields_of(kind).items():
        inner = _table_kind(field)
        if inner is None:
            plain.append(_entry(name, field, shown))
        else:
            path = f"{table}.{name}" if table else name
            tables.append(_inner_table(inner, path, field))
    head = [f"[{table}]\n"] if table else []
    return "\n".join([*head, *plain, *tables])


def _table_kind(field: FieldInfo) -> Any:
    kinds = [parts_of(b)[0] for b in branches_of(full_type(field))]
    return next((kind for kind in kinds if fields_of(kind)), None)


def _inner_table(kind: Any, path: str, field: FieldInfo) -> str:
    text = f"{_comment(field.description or '')}{commented_toml(kind, path)}"
    if not is_optional(full_type(field)):
        return text
    lines = text.splitlines(keepends=True)
    return "".join(ln if ln.startswith(("#", "\n")) else f"# {ln}" for ln in lines)


def _entry(name: str, field: FieldInfo, shown: dict[str, Any]) -> str:
    told = f"{field.description or ''} ({_kind_words(field)})".strip()
    if name in shown:
        return f"{_comment(told)}{name} = {toml_value(shown[name])}\n"
    value = field_example(field)
    line = f"{name} = {'' if value is None else toml_value(value)}"
    return f"{_comment(told)}{line if field.is_required() else f'# {line}'}\n"


def _kind_words(field: FieldInfo) -> str:
    words = requirement(full_type(field))
    if field.is_required():
        return f"{words}; must be given"
    default = field.get_default(call_default_factory=True)
    return words if default is None else f"{words}; default {toml_value(default)}"


def _comment(text: str) -> str:
    lines = textwrap.wrap(text, WIDTH, initial_indent="# ", subsequent_indent="# ")
    return "".join(f"{line}\n" for line in lines)
