"""Memory and time: one type each, and one way to write it."""

import re
from typing import Self, final

_SIZES = {
    "B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40,
    "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
}  # fmt: skip
_BYTES = {name.lower(): size for name, size in _SIZES.items()}
_SIZE = re.compile(rf"(\d+(?:\.\d+)?)\s*({'|'.join(_SIZES)})", re.IGNORECASE)
_CLOCK = re.compile(r"(?:(\d+)-)?(\d+):([0-5]\d):([0-5]\d)")
_SPELT = re.compile(
    r"(?=.)(?:(\d+)\s*d)?\s*(?:(\d+)\s*h)?\s*(?:(\d+)\s*min)?\s*(?:(\d+)\s*s)?"
)


@final
class ByteSize(int):
    """A size of memory in bytes, read from and written as ``"4GiB"``."""

    @classmethod
    def read(cls, text: str) -> Self:
        """Return the size that a text such as ``"4GiB"`` or ``"500 MB"`` says.

        Raises
        ------
        ValueError
            If it is no size of at least a byte.
        """
        found = _SIZE.fullmatch(text.strip())
        n_bytes = round(float(found[1]) * _BYTES[found[2].lower()]) if found else 0
        if n_bytes < 1:
            message = f"a size must be such as '4GiB'; got {text!r}."
            raise ValueError(message)
        return cls(n_bytes)

    @classmethod
    def of_mib(cls, number: float) -> Self:
        """Return the size of so many MiB."""
        return cls(round(float(number) * 2**20))

    @classmethod
    def of_gib(cls, number: float) -> Self:
        """Return the size of so many GiB."""
        return cls(round(float(number) * 2**30))

    @property
    def mib(self) -> float:
        """The size in MiB."""
        return self / 2**20

    @property
    def gib(self) -> float:
        """The size in GiB."""
        return self / 2**30

    def __str__(self) -> str:
        units = ("TiB", "GiB", "MiB", "KiB", "B")
        unit = next(unit for unit in units if self % _SIZES[unit] == 0)
        return f"{int(self) // _SIZES[unit]}{unit}"

    def __repr__(self) -> str:
        return f"ByteSize.read({str(self)!r})"


@final
class Duration(int):
    """A time in seconds, read from ``"12:00:00"`` or ``"2h"``, written as the first."""

    @classmethod
    def read(cls, text: str) -> Self:
        """Return the time of ``"[days-]hours:minutes:seconds"`` or ``"1h 30min"``.

        Raises
        ------
        ValueError
            If it is neither.
        """
        spelt = text.strip()
        found = _CLOCK.fullmatch(spelt) or _SPELT.fullmatch(spelt)
        if found is None:
            message = f"a time must be such as '12:00:00' or '2h'; got {text!r}."
            raise ValueError(message)
        days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
        return cls(((days * 24 + hours) * 60 + minutes) * 60 + seconds)

    def __str__(self) -> str:
        minutes, second = divmod(int(self), 60)
        hours, minute = divmod(minutes, 60)
        days, hour = divmod(hours, 24)
        day = f"{days}-" if days else ""
        return f"{day}{hour:02d}:{minute:02d}:{second:02d}"

    def __repr__(self) -> str:
        return f"Duration.read({str(self)!r})"
