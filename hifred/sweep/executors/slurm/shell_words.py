"""Words of a batch script: what a path holds is never read as a command."""

import shlex
import sys

from hifred.errors import SettingsError
from hifred.sweep.executors.config import SlurmConfig


def shell_word(text: str) -> str:
    """Return `text` as one word of a shell, in which it stands for itself."""
    return shlex.quote(text)


def filled_in_word(text: str) -> str:
    """Return `text` as one word in which the shell fills in ``$NAME``, and no more."""
    if "$" not in text:
        return shell_word(text)
    for character in ("\\", '"', "`"):
        text = text.replace(character, f"\\{character}")
    return f'"{text.replace("$(", chr(92) + "$(")}"'


def python_words(config: SlurmConfig) -> list[str]:
    """Return the words, ready for a shell, that start a job's Python.

    Raises
    ------
    SettingsError
        If a quote in ``python`` or ``container`` is not closed.
    """
    inside = "python" if config.container else None
    if config.python is None and inside is None:
        return [shell_word(sys.executable)]
    container = _split("container", config.container or "")
    python = _split("python", config.python or inside or "")
    return [filled_in_word(word) for word in (*container, *python)]


def _split(key: str, text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise SettingsError(
            f"{key} must be words as a shell takes them; got {text!r} ({error})."
        ) from error
