"""From what pydantic found to one sentence in this project's words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, final

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from hifred.errors import HifredError, SettingsError, unknown_name
from hifred.settings.fields import (
    branches_of,
    fields_of,
    inner_type,
    key_type,
    parts_of,
)
from hifred.settings.place import Place
from hifred.settings.requirement import example, field_example, requirement

_UNKNOWN = {"unexpected_keyword_argument", "extra_forbidden"}
_MISSING = {"missing", "missing_argument", "missing_keyword_only_argument"}
LONGEST = 60


@final
@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Parameters
    ----------
    kind : str
        Pydantic's name of the error.
    path : tuple of str and int
        Keys and places in lists that lead to the value.
    annotation : type
        What is declared there; None for an unknown key.
    owner : class
        The type that the last key is looked up in.
    field : FieldInfo or None
        The field that holds the value, itself or in a list.
    found : object
        The value.
    cause : Exception or None
        What a validator of ours raised.
    """

    kind: str
    path: tuple[str | int, ...]
    annotation: Any
    owner: Any
    field: FieldInfo | None
    found: Any
    cause: Exception | None


def settings_error(error: ValidationError, kind: Any, place: Place) -> SettingsError:
    """Return what is wrong first, as one sentence.

    Parameters
    ----------
    error : ValidationError
        What pydantic found in settings of the class `kind`.
    kind : class
    place : Place
        Where the settings were written.
    """
    findings = [_located(kind, f) for f in error.errors(include_url=False)]
    return _sentence(_first(findings), place)


def _located(kind: Any, finding: Mapping[str, Any]) -> Finding:
    steps = [_Step(None, kind, kind, None), *_steps(kind, finding)]
    is_short_list = finding["type"] in _MISSING and isinstance(steps[-1].part, int)
    if is_short_list:
        steps.pop()  # tell what the list must be
    last = steps[-1]
    return Finding(
        kind="too_short" if is_short_list else finding["type"],
        path=tuple(step.part for step in steps if step.part is not None),
        annotation=last.annotation,
        owner=last.owner,
        field=last.field,
        found=finding["input"],
        cause=(finding.get("ctx") or {}).get("error"),
    )


class _Step(NamedTuple):
    """A key or place in a list, what is declared there, and in what."""

    part: str | int | None
    annotation: Any
    owner: Any
    field: FieldInfo | None


def _steps(kind: Any, finding: Mapping[str, Any]) -> Iterator[_Step]:
    """Follow the location that pydantic gives, without the names of branches."""
    step = _Step(None, kind, kind, None)
    parts = iter(finding["loc"])
    for part in parts:
        if part == "[key]":
            step = step._replace(annotation=key_type(step.owner))
            yield step._replace(part=None)
            return
        inner = inner_type(step.annotation, part)
        if inner is None and finding["type"] not in _UNKNOWN:
            return
        is_place = isinstance(part, int)
        field = step.field if is_place else _fields(step.annotation).get(part)
        step = _Step(part, inner, step.annotation, field)
        yield step
        if len(branches_of(inner)) > 1:
            next(parts, None)  # the name of one of a union's branches


def _first(findings: list[Finding]) -> Finding:
    """Return what to tell: a misspelt key, which is also a missing one, or the first.

    A value that fits no branch of a union is found once a branch: the deepest finding
    knows most, and of two, the one in words of ours.
    """
    for finding in findings:
        if finding.kind in _UNKNOWN:
            return finding
    same = [f for f in findings if f.path[:1] == findings[0].path[:1]]
    return max(same, key=lambda f: (len(f.path), isinstance(f.cause, HifredError)))


def _sentence(finding: Finding, place: Place) -> SettingsError:
    path = finding.path
    if finding.kind in _UNKNOWN:
        names = _fields(finding.owner)
        return unknown_name(place.inside(path[:-1]).kind(), str(path[-1]), names)
    name = place.name(path)
    if finding.kind == "value_error" and (told := str(finding.cause)):
        is_whole = not path or fields_of(parts_of(finding.annotation)[0])
        if is_whole or isinstance(finding.cause, HifredError):
            return SettingsError(place.sentence(_own_words(name, told, place)))
    if finding.kind in _MISSING and path:
        what = f"{name} must be given; it is missing."
    elif path:
        wanted = requirement(finding.annotation)
        what = f"{name} must be {wanted}; got {shown(finding.found)}."
    else:
        what = f"{name or 'settings'} must be a table; got {shown(finding.found)}."
    return SettingsError(place.sentence(f"{what}{_advice(finding, place)}"))


def _own_words(name: str, told: str, place: Place) -> str:
    """Return what a validator of ours says, after the name of the table it is about."""
    if not name or place.is_command or told.startswith(name):
        return told
    return f"{name} {told}" if told.startswith("must ") else f"{name}: {told}"


def _fields(owner: Any) -> Mapping[str, FieldInfo]:
    kinds = [parts_of(branch)[0] for branch in branches_of(owner)]
    return {name: field for k in kinds for name, field in fields_of(k).items()}


def _advice(finding: Finding, place: Place) -> str:
    """Return a right value of the setting, as it is written there."""
    keys = [part for part in finding.path if isinstance(part, str)]
    field = finding.field
    value = example(finding.annotation) if field is None else field_example(field)
    if value is None or not keys:
        return ""
    return f" Write, say, {place.assignment(keys[-1], value)}."


def shown(value: Any) -> str:
    """Return a value as a message shows it: never longer than a line."""
    text = repr(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
