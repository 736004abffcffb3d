"""TOML files and values: one reader, one writer."""

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hifred.errors import SettingsError
from hifred.settings.sizes import ByteSize, Duration

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def read_toml(path: str | Path, *, what: str, advice: str = "") -> dict[str, Any]:
    """Return what a TOML file says.

    Parameters
    ----------
    path : path
    what : str
        What the file is, such as ``"cluster config"``.
    advice : str
        What to do when there is none.

    Raises
    ------
    SettingsError
        If it cannot be read, or is not TOML.
    """
    return parse_toml(read_text(path, what=what, advice=advice), str(path))


def read_text(path: str | Path, *, what: str, advice: str = "") -> str:
    """Return the text of a settings file.

    Raises
    ------
    SettingsError
        If it cannot be read.
    """
    try:
        # Editors of Windows put a mark before the text.
        return Path(path).read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        found = f"got {str(path)!r} ({reason}). {advice}".strip()
        raise SettingsError(f"{what} must be a readable file; {found}") from error


def parse_toml(text: str, source: str) -> dict[str, Any]:
    """Return what a TOML text says; `source` is named when it is not TOML."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(
            f"{source} must be TOML; got {error}. Correct that line."
        ) from error


def toml_key(name: str) -> str:
    """Return a key as TOML writes it, in quotes where it has to be."""
    return name if _BARE_KEY.fullmatch(name) else toml_value(name)


def toml_value(value: Any) -> str:
    """Return a value as TOML writes it on one line; entries of None are left out."""
    if isinstance(value, Mapping):
        items = [
            f"{toml_key(str(key))} = {toml_value(item)}"
            for key, item in value.items()
            if item is not None
        ]
        return f"{{ {', '.join(items)} }}" if items else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml_value, value))}]"
    if isinstance(value, ByteSize | Duration):
        return toml_value(str(value))
    if isinstance(value, str):
        # JSON, but that TOML knows no surrogate pairs and no bare DEL.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return repr(value) if isinstance(value, float) else json.dumps(value)
