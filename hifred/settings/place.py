"""Where a setting was written, to be named in a message."""

from dataclasses import dataclass, replace
from typing import Any, Self, final

from hifred.settings.sizes import ByteSize, Duration
from hifred.settings.toml import toml_value

# Keys, and places in lists, that lead to a value.
Path = tuple[str | int, ...]


@final
@dataclass(frozen=True)
class Place:
    """Where settings were written: a file, a table in it, options or a call.

    Parameters
    ----------
    file : str
        The file they were read from, if any.
    table : str
        Path of their table, with dots.
    is_command : bool
        True for options of the command line.
    """

    file: str = ""
    table: str = ""
    is_command: bool = False

    def inside(self, path: Path) -> Self:
        """Return the place of the table at `path` below this one."""
        return replace(self, table=self._joined(path))

    def name(self, path: Path) -> str:
        """Return how the setting at `path` is called here."""
        if self.is_command:
            return "--" + "-".join(map(str, path)).replace("_", "-")
        return self._joined(path)

    def kind(self) -> str:
        """Return what a name of this place is: a key, an option or a setting."""
        if self.is_command:
            return "option"
        if not self.table:
            return f"key in {self.file}" if self.file else "setting"
        return f"key in [{self.table}]{f' of {self.file}' if self.file else ''}"

    def sentence(self, text: str) -> str:
        """Return a message that begins with the file it is about."""
        return f"{self.file}: {text}" if self.file else text

    def assignment(self, key: str, value: Any) -> str:
        """Return how `value` is given to `key` here."""
        if self.is_command:
            return f"{self.name((key,))} {value}"
        if isinstance(value, ByteSize | Duration):
            value = str(value)
        is_toml = bool(self.file or self.table)
        return f"{key} = {toml_value(value) if is_toml else repr(value)}"

    def _joined(self, path: Path) -> str:
        parts = [f"[{p}]" if isinstance(p, int) else f".{p}" for p in path]
        return f"{self.table}{''.join(parts)}".removeprefix(".")
