"""What a class of settings says of itself: its fields, their types and defaults."""

import types
from collections.abc import Mapping
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic.fields import FieldInfo


def fields_of(kind: Any) -> Mapping[str, FieldInfo]:
    """Return the fields of a class of settings by name; none of anything else."""
    return getattr(kind, "__pydantic_fields__", {}) if isinstance(kind, type) else {}


def full_type(field: FieldInfo) -> Any:
    """Return the type of a field with its bounds, as one annotation."""
    if not field.metadata:
        return field.annotation
    return Annotated[(field.annotation, *field.metadata)]


def parts_of(annotation: Any) -> tuple[Any, list[Any]]:
    """Return a type without its annotations, and these."""
    if get_origin(annotation) is not Annotated:
        return annotation, []
    inner, *extra = get_args(annotation)
    bare, more = parts_of(inner)
    own = [m for e in extra for m in (e.metadata if isinstance(e, FieldInfo) else [e])]
    return bare, [*more, *own]


def branches_of(annotation: Any) -> list[Any]:
    """Return the types that a type allows, None left out."""
    bare, _ = parts_of(annotation)
    if get_origin(bare) in (Union, types.UnionType):
        return [b for arg in get_args(bare) for b in branches_of(arg)]
    return [] if bare is type(None) else [annotation]


def is_optional(annotation: Any) -> bool:
    """Say whether a type allows None."""
    bare, _ = parts_of(annotation)
    if get_origin(bare) in (Union, types.UnionType):
        return any(is_optional(arg) for arg in get_args(bare))
    return bare is type(None)


def key_type(annotation: Any) -> Any:
    """Return the type of the keys of a mapping."""
    bare, _ = parts_of(annotation)
    return get_args(bare)[0]


def inner_type(annotation: Any, part: str | int) -> Any:
    """Return the type found under a key or index of a type; None if there is none."""
    for branch in branches_of(annotation):
        bare, _ = parts_of(branch)
        if part in (named := fields_of(bare)):
            return full_type(named[str(part)])
        origin, args = get_origin(bare), get_args(bare)
        if origin in (list, tuple) and isinstance(part, int):
            index = 0 if origin is list or Ellipsis in args else part
            return args[index] if index < len(args) else None
        if args and isinstance(origin, type) and issubclass(origin, Mapping):
            return args[1]
    return None
