"""Exception types, and the sentences that settings and file errors are told in."""

import difflib
from collections.abc import Iterable
from typing import Any

# More names than this do not help a reader.
MOST_CHOICES = 40


class HifredError(ValueError):
    """Bad input, told in one sentence that says what to do; exit code 2."""


class SchemaError(HifredError):
    """A file or array does not have the documented layout."""


class SettingsError(HifredError):
    """A setting is unknown, misspelt or outside its range."""


def unknown_name(kind: str, found: str, choices: Iterable[str]) -> SettingsError:
    """Return the error for an unknown `found`, naming the nearest valid choice.

    Parameters
    ----------
    kind : str
        What the name stands for, such as ``"regularizer"`` or ``"key in [solver]"``.
    found : str
        The name that was given.
    choices : iterable of str
        All valid names.
    """
    choices = sorted(choices)
    near = difflib.get_close_matches(found, choices, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}? " if near else ""
    listed = ", ".join(choices[:MOST_CHOICES])
    more = f" and {len(choices) - MOST_CHOICES} more" * (len(choices) > MOST_CHOICES)
    return SettingsError(f"unknown {kind} {found!r}; {hint}choose from {listed}{more}.")


def from_validation(error: Any, names: Iterable[str]) -> SettingsError:
    """Return the first finding of a pydantic ``ValidationError`` as one sentence.

    Parameters
    ----------
    error : pydantic.ValidationError
    names : iterable of str
        All valid keys, to name the nearest one of an unknown key.
    """
    findings = error.errors(include_url=False)
    unknown = ("unexpected_keyword_argument", "extra_forbidden")
    # A misspelt key is also a missing one: name the misspelling.
    finding = next((f for f in findings if f["type"] in unknown), findings[0])
    place = str(finding["loc"][0]) if finding["loc"] else ""
    if finding["type"] in unknown:
        return unknown_name("setting", place, names)
    if finding["type"] in ("missing", "missing_argument"):
        return SettingsError(f"{place} must be given; got none.")
    message = finding["msg"].removeprefix("Value error, ")
    if not place:
        return SettingsError(message)
    allowed = message.removeprefix("Input should be ").removesuffix(".")
    return SettingsError(f"{place} must be {allowed}; got {finding['input']!r}.")
