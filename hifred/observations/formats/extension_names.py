"""Names of files with the extension that is meant, as ftools and CIAO write them."""

import re
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import final

_WITH_EXTENSION = re.compile(
    r"(?P<file>.+?)(?:\[(?P<extension>[^\[\]]+)\]|(?P<number>\+\d+))"
)


@final
@dataclass(frozen=True)
class ExtensionName:
    """A file and the extension in it that is meant, if one is.

    Parameters
    ----------
    path : Path
    extension : str, int or None
        Name or number.
    """

    path: Path
    extension: str | int | None


def extension_name(
    path: str | PathLike[str], extension: str | int | None = None
) -> ExtensionName:
    """Return file and extension of a name as ``a.fits[NAME]``, ``a.fits+1``."""
    found = _WITH_EXTENSION.fullmatch(str(path))
    if extension is not None or found is None or Path(path).is_file():
        return ExtensionName(Path(path), extension)
    part = (found["extension"] or found["number"]).strip()
    number = int(part) if part.lstrip("+").isdigit() else None
    return ExtensionName(Path(found["file"]), part if number is None else number)
