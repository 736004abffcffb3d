"""All settings of several classes in one model: for checks and for help."""

import functools
from collections.abc import Sequence
from typing import Any, Literal, Union, get_args, get_origin

import pydantic
from pydantic_core import PydanticUndefined

from hifred.settings.fields import full_type


@functools.cache
def settings_union(
    classes: tuple[type[pydantic.BaseModel], ...],
) -> type[pydantic.BaseModel]:
    """Return a model with every setting of every class, each of them optional.

    A value is right if it is for one of the classes. The default is that of all
    classes; None where they differ, or where one needs a value.
    """
    names = dict.fromkeys(name for c in classes for name in c.model_fields)
    fields: dict[str, Any] = {name: _united(name, classes) for name in names}
    return pydantic.create_model(
        "KnownSettings",
        __config__=pydantic.ConfigDict(extra="forbid", frozen=True),
        **fields,
    )


def accepts(settings: type[pydantic.BaseModel], name: str, value: object) -> bool:
    """Return whether `value` is right for the setting `name` of a class."""
    if name not in settings.model_fields:
        return False
    kind: Any = full_type(settings.model_fields[name])
    try:
        pydantic.TypeAdapter(kind).validate_python(value)
    except pydantic.ValidationError:
        return False
    return True


def _united(
    name: str, classes: Sequence[type[pydantic.BaseModel]]
) -> tuple[object, object]:
    readers = [c for c in classes if name in c.model_fields]
    fields = [reader.model_fields[name] for reader in readers]
    defaults = {field.get_default() for field in fields}
    default = defaults.pop() if len(defaults) == 1 else None
    kinds = [full_type(field) for field in fields]
    words = _words(name, readers, is_for_all=len(readers) == len(classes))
    return _any_of([*kinds, None]), pydantic.Field(
        None if default is PydanticUndefined else default, description=words
    )


def _words(
    name: str, readers: Sequence[type[pydantic.BaseModel]], *, is_for_all: bool
) -> str:
    """Return the description; who reads it stands before it, unless all do."""
    owners: dict[str, list[str]] = {}
    for reader in readers:
        words = reader.model_fields[name].description or ""
        owners.setdefault(words, []).append(reader.model_fields["regularizer"].default)
    if is_for_all and len(owners) == 1:
        return next(iter(owners))
    return " ".join(f"{', '.join(names)}: {words}" for words, names in owners.items())


def _any_of(kinds: Sequence[object]) -> object:
    """Return the union of some annotations, with one Literal of several."""
    words = [kind for kind in kinds if get_origin(kind) is Literal]
    others = [kind for kind in kinds if get_origin(kind) is not Literal]
    if words:
        others.insert(0, Literal[tuple(v for kind in words for v in get_args(kind))])
    return Union[tuple(others)]  # noqa: UP007 - known only when it runs
