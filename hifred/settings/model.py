"""The decorator that makes a class of settings, and how one is read from a table."""

import functools
import warnings
from collections.abc import Callable, Hashable, Mapping
from typing import Any, TypeVar, cast, dataclass_transform

import pydantic
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import ArgsKwargs

from hifred.errors import SettingsError
from hifred.settings.fields import fields_of
from hifred.settings.findings import settings_error
from hifred.settings.place import Place

S = TypeVar("S")
HERE = Place()
CONFIG = ConfigDict(extra="forbid", allow_inf_nan=False, arbitrary_types_allowed=True)


@dataclass_transform(frozen_default=True, field_specifiers=(Field,))
def settings(kind: type[S]) -> type[S]:
    """Make a frozen, validated dataclass of `kind`; what is wrong is a `SettingsError`.

    Fields are of the kinds in `hifred.settings.kinds` and declared by pydantic's
    ``Field`` with default, bounds and ``description``: messages, options of the command
    line, templates and reference pages are made from these.

    Notes
    -----
    Bounds belong to one kind: ``Annotated[Number, Field(ge=0)] | Literal["varying"]``.
    """
    made = pydantic.dataclasses.dataclass(kind, frozen=True, config=CONFIG)
    validate = made.__init__
    names = list(fields_of(made))

    @functools.wraps(validate)
    def __init__(self: Any, *values: Any, **named: Any) -> None:  # noqa: N807
        if len(values) > len(names):
            raise SettingsError(
                f"{kind.__name__} must have at most {len(names)} values; "
                f"got {len(values)}. Give them by name."
            )
        try:
            validate(self, *values, **named)
        except ValidationError as error:
            raise settings_error(error, made, HERE) from error

    made.__init__ = __init__  # type: ignore[method-assign]
    return cast(type[S], made)


def read_settings(kind: type[S], table: Mapping[str, Any], place: Place = HERE) -> S:
    """Return the settings that a table holds.

    Parameters
    ----------
    kind : class
        Made by `settings`, or a dataclass or model of pydantic.
    table : mapping
        As TOML gives it.
    place : Place
        Where it was written, for the messages.

    Raises
    ------
    SettingsError
        In one sentence: which key, what it must be, what was found, an example.
    """
    try:
        checked: S = _adapter(cast(Hashable, kind)).validate_python(table)
        return checked
    except ValidationError as error:
        raise settings_error(error, kind, place) from error


@functools.cache
def _adapter(kind: Hashable) -> TypeAdapter[Any]:
    """Make it once: a plan reads the settings of every trial."""
    return TypeAdapter(cast(Any, kind))


def renamed(old: str, new: str, read: Callable[[Any], Any]) -> Any:
    """Return a validator, to be kept in a class body, that reads an `old` name.

    Parameters
    ----------
    old, new : str
        Names of the setting before and now.
    read : callable
        Turns the old value into the new one; raises ValueError for one it cannot read,
        which is then told of the new name.
    """

    def translated(given: Any) -> Any:
        values = given.kwargs if isinstance(given, ArgsKwargs) else given
        if not isinstance(values, Mapping) or old not in values or new in values:
            return given
        kept = {name: value for name, value in values.items() if name != old}
        kept[new] = _read_old(values[old], read)
        warnings.warn(
            f"{old} is an old name: write {new} = {str(kept[new])!r}.",
            FutureWarning,
            stacklevel=2,
        )
        return ArgsKwargs(given.args, kept) if isinstance(given, ArgsKwargs) else kept

    return pydantic.model_validator(mode="before")(translated)


def _read_old(value: Any, read: Callable[[Any], Any]) -> Any:
    try:
        return read(value)
    except (TypeError, ValueError, OverflowError):
        return value
