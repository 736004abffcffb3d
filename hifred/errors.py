"""Exception types, and the sentences that settings and file errors are told in."""

import difflib
from collections.abc import Iterable, Sequence

# More names than this do not help a reader.
MOST_CHOICES = 40

__all__ = ["HifredError", "SchemaError", "SettingsError"]


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
    near = _nearest(found, choices)
    hint = "" if near is None else f"did you mean {near!r}? "
    listed = ", ".join(choices[:MOST_CHOICES])
    more = f" and {len(choices) - MOST_CHOICES} more" * (len(choices) > MOST_CHOICES)
    return SettingsError(f"unknown {kind} {found!r}; {hint}choose from {listed}{more}.")


def _nearest(found: str, choices: Sequence[str]) -> str | None:
    """Return the choice that was meant; capitals matter last."""
    plain = {choice.casefold(): choice for choice in reversed(choices)}
    near = difflib.get_close_matches(found.casefold(), plain, n=1, cutoff=0.5)
    return plain[near[0]] if near else None
