"""Names of regions and instruments as names of files and as values of FITS keywords."""

import re
from collections.abc import Iterable

# What is left of a keyword's 68 characters for a name.
LONGEST_NAME = 60


def file_names(names: Iterable[str]) -> dict[str, str]:
    """Return a file's stem for each name, all of them different.

    Letters, digits, ``.``, ``_`` and ``-`` stay; anything else becomes ``_``. Two that
    would share a stem, capital letters aside, are numbered.
    """
    stems: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        plain = re.sub(r"[^A-Za-z0-9._-]+", "_", name)[:LONGEST_NAME].strip(".-")
        stem, number = plain or "region", 1
        while stem.lower() in taken:
            number += 1
            stem = f"{plain or 'region'}_{number}"
        taken.add(stem.lower())
        stems[name] = stem
    return stems


def keyword_text(name: str) -> str:
    """Return a name in the characters that a FITS header has."""
    plain = "".join(c if " " <= c <= "~" else "?" for c in name)
    return plain[:LONGEST_NAME]
