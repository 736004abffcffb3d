"""Settings as a commented TOML file: every key, its type, its default, its meaning."""

import textwrap
from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from hifred.settings.fields import (
    branches_of,
    fields_of,
    full_type,
    is_optional,
    parts_of,
)
from hifred.settings.requirement import field_example, requirement
from hifred.settings.toml import toml_key, toml_value

WIDTH = 88


def commented_toml(kind: Any, table: str = "", /, **shown: Any) -> str:
    """Return a TOML file of a class of settings, to start from.

    Every key stands under its description and what it must be. Keys with a default are
    commented out, at their default or an example; the others hold an example.

    Parameters
    ----------
    kind : class
        Made by `hifred.settings.settings`, or a model of pydantic.
    table : str
        Name of the table it is in; none at the top of a file. One in brackets,
        ``"[grid]"``, is an entry of a list of tables.
    **shown
        Values to write out instead; those of an inner table as a mapping, those of
        tables with names of their own as a mapping of mappings. None stands for what
        is left out.
    """
    return _file(kind, table, shown, is_whole=True)


def stated_toml(kind: Any, table: str = "", /, **shown: Any) -> str:
    """Return the file of `commented_toml` with the keys in `shown` and no others."""
    return _file(kind, table, shown, is_whole=False)


def commented_out(text: str) -> str:
    """Return a TOML text of which nothing is read."""
    lines = text.splitlines(keepends=True)
    return "".join(ln if ln.startswith(("#", "\n")) else f"# {ln}" for ln in lines)


def _file(kind: Any, table: str, shown: Mapping[str, Any], *, is_whole: bool) -> str:
    plain: list[str] = []
    tables: list[str] = []
    for name, field in fields_of(kind).items():
        if not is_whole and name not in shown:
            continue
        inner = _table_kind(field)
        if inner is None:
            plain.append(_entry(name, field, shown))
            continue
        path = f"{table.strip('[]')}.{name}" if table else name
        head = _comment(field.description or "")
        for place, values in _tables(path, field, shown.get(name)):
            text = f"{head}{_file(inner, place, values or {}, is_whole=is_whole)}"
            tables.append(commented_out(text) if values is None else text)
            head = ""  # is told once
    return "\n".join([*([f"[{table}]\n"] if table else []), *plain, *tables])


def _table_kind(field: FieldInfo) -> Any:
    """Return the class of the table, or of the tables with names, that a key holds."""
    kinds = [parts_of(branch)[0] for branch in branches_of(full_type(field))]
    kinds = [get_args(kind)[1] if _has_names(field) else kind for kind in kinds]
    return next((kind for kind in kinds if fields_of(kind)), None)


def _has_names(field: FieldInfo) -> bool:
    kinds = [parts_of(branch)[0] for branch in branches_of(full_type(field))]
    return [get_origin(kind) for kind in kinds] == [dict]


def _tables(
    path: str, field: FieldInfo, shown: Mapping[str, Any] | None
) -> list[tuple[str, Mapping[str, Any] | None]]:
    """Return places and values of the tables at a key; None for one left out."""
    needed: Mapping[str, Any] | None = None if is_optional(full_type(field)) else {}
    if not _has_names(field):
        return [(path, needed if shown is None else shown)]
    if not shown:
        return [(f"{path}.NAME", {} if field.is_required() else None)]
    return [(f"{path}.{toml_key(name)}", values) for name, values in shown.items()]


def _entry(name: str, field: FieldInfo, shown: Mapping[str, Any]) -> str:
    words = _kind_words(field)
    told = f"{field.description or ''}{f' ({words})' if words else ''}".strip()
    if shown.get(name) is not None:
        return f"{_comment(told)}{name} = {toml_value(shown[name])}\n"
    value = field_example(field)
    line = f"{name} = {'' if value is None else toml_value(value)}"
    return f"{_comment(told)}{line if field.is_required() else f'# {line}'}\n"


def _kind_words(field: FieldInfo) -> str:
    kind = parts_of(full_type(field))[0]
    if get_origin(kind) is Literal and len(get_args(kind)) == 1:
        return ""  # there is nothing to choose
    words = requirement(full_type(field))
    if field.is_required():
        return f"{words}; must be given"
    default = field.get_default(call_default_factory=True)
    is_told = default not in (None, "", ())
    return f"{words}; default {toml_value(default)}" if is_told else words


def _comment(text: str) -> str:
    lines = textwrap.wrap(
        text, WIDTH, initial_indent="# ", subsequent_indent="# ",
        break_on_hyphens=False, break_long_words=False,
    )  # fmt: skip
    return "".join(f"{line}\n" for line in lines)
