"""Options of the command line, made from the settings that they give."""

import datetime
import tomllib
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeVar, get_args, get_origin

import click
import pydantic
from pydantic.fields import FieldInfo

from hifred.settings import Place, read_settings
from hifred.settings.fields import branches_of, fields_of, full_type, parts_of
from hifred.settings.requirement import requirement
from hifred.settings.toml import toml_value

COMMAND = Place(is_command=True)
F = TypeVar("F", bound=Callable[..., Any])
_METAVARS = {int: "INTEGER", float: "NUMBER", str: "TEXT"}


def setting_options(
    kind: Any,
    names: Mapping[str, str] | None = None,
    *,
    left_out: tuple[str, ...] = (),
    show_default: bool = True,
) -> Callable[[F], F]:
    """Return a decorator that adds an option for every setting of a class.

    An option that is not given is None. What a value must be is checked by the class,
    which tells it in the words of every other place.

    Parameters
    ----------
    kind : class
        Made by `hifred.settings.settings`, or a model of pydantic.
    names : mapping of str to str, optional
        Settings to their options, where these are not called alike; with it, no others
        become options.
    left_out : tuple of str
        Settings that are no options; neither are tables.
    show_default : bool
        Whether the help tells the default.
    """
    fields = fields_of(kind)
    chosen = dict(names or {name: option_name(name) for name in fields})
    options = [
        _option(name, chosen[name], fields[name], show_default)
        for name in chosen
        if name not in left_out and not _is_table(fields[name])
    ]

    def decorate(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def option_name(name: str) -> str:
    """Return how the setting `name` is called on the command line."""
    return "--" + name.replace("_", "-")


def given_options(values: Mapping[str, Any], kind: Any) -> dict[str, Any]:
    """Return those of `values` that are settings of a class and were given."""
    names = fields_of(kind)
    return {n: v for n, v in values.items() if n in names and v not in (None, ())}


def checked_options(values: Mapping[str, Any], kind: Any) -> dict[str, Any]:
    """Return those of `values` that are settings of a class, as it reads them.

    Raises
    ------
    SettingsError
        If a value is wrong. What else the class needs may be missing.
    """
    given = given_options(values, kind)
    fields: dict[str, Any] = {n: (full_type(fields_of(kind)[n]), ...) for n in given}
    chosen: Any = pydantic.create_model("Chosen", **fields)
    return dict(read_settings(chosen, given, COMMAND))


def parse_value(text: str) -> Any:
    """Return what a text says as TOML, or the text; dates and times stay texts."""
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text.strip()
    return text.strip() if isinstance(value, datetime.time | datetime.date) else value


class _SettingValue(click.ParamType):
    """A value that its class of settings will check."""

    def __init__(self, annotation: Any) -> None:
        branches = branches_of(annotation)
        self.name = "|".join(dict.fromkeys(map(_metavar, branches)))
        self.is_text = all(_is_text(branch) for branch in branches)

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Any:
        is_text = self.is_text or not isinstance(value, str)
        return value if is_text else parse_value(value)


def _is_text(branch: Any) -> bool:
    bare, _ = parts_of(branch)
    if get_origin(bare) is Literal:
        return all(isinstance(choice, str) for choice in get_args(bare))
    return bare is str


def _metavar(branch: Any) -> str:
    bare, _ = parts_of(branch)
    if get_origin(bare) is Literal:
        return "|".join(map(str, get_args(bare)))
    return _METAVARS.get(bare, "VALUE")


def _is_table(field: FieldInfo) -> bool:
    kinds = [parts_of(branch)[0] for branch in branches_of(full_type(field))]
    return any(fields_of(kind) or get_origin(kind) is dict for kind in kinds)


def _option(name: str, flag: str, field: FieldInfo, show_default: bool) -> Any:
    annotation = full_type(field)
    text = _help(field, show_default)
    kinds = [parts_of(branch)[0] for branch in branches_of(annotation)]
    if kinds == [bool]:
        off = f"--no-{flag.removeprefix('--')}"
        return click.option(f"{flag}/{off}", name, default=None, help=text)
    sides = get_args(kinds[0]) if get_origin(kinds[0]) is tuple else ()
    value = _SettingValue(sides[0] if sides else annotation)
    if Ellipsis in sides:
        return click.option(flag, name, type=value, multiple=True, help=text)
    n_values = max(len(sides), 1)
    return click.option(
        flag,
        name,
        type=value,
        nargs=n_values,
        help=text,
        metavar=_shown(value, n_values),
    )


def _shown(value: _SettingValue, n_values: int) -> str:
    return " ".join([f"[{value.name}]" if "|" in value.name else value.name] * n_values)


def _help(field: FieldInfo, show_default: bool) -> str:
    default = field.get_default(call_default_factory=True)
    is_told = show_default and not field.is_required() and default not in (None, ())
    facts = [] if _is_shown(full_type(field)) else [requirement(full_type(field))]
    facts += [f"default {_plain(default)}"] if is_told else []
    told = f"  [{'; '.join(facts)}]" if facts else ""
    return f"{field.description or ''}{told}".strip()


def _is_shown(annotation: Any) -> bool:
    """Say whether the option itself shows what may be given: words or a switch."""
    kinds = [parts_of(branch)[0] for branch in branches_of(annotation)]
    return all(kind is bool or get_origin(kind) is Literal for kind in kinds)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else toml_value(value).strip('"')
