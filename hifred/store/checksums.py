"""Checksums of a collected generation, in a file beside it."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import final

from hifred.store.durable import is_special, replace_text

BLOCK_BYTES = 2**22
# The size of a file whose checksum was lost.
UNKNOWN = -1


@final
class Manifest:
    """What every file of a generation was when it was written.

    Parameters
    ----------
    generation : path
        The collected store.
    files : mapping of relative path to (size in bytes, digest)
    """

    def __init__(self, generation: Path, files: Mapping[str, tuple[int, str]]) -> None:
        self.generation, self.files = generation, dict(files)

    @property
    def path(self) -> Path:
        """Where it is kept."""
        return self.generation.with_suffix(".checksums.json")

    def write(self) -> None:
        """Keep it."""
        replace_text(self.path, json.dumps(self.files, indent=0, sort_keys=True))

    def absent(self) -> dict[str, str]:
        """Return the files that are gone or cut, by name: no byte is read."""
        faults = {}
        for name, (size, _) in self.files.items():
            path = self.generation / name
            if size == UNKNOWN:
                faults[name] = f"its checksums, {self.path.name}, cannot be read"
            elif not path.is_file():
                faults[name] = "it is missing"
            elif path.stat().st_size != size:
                faults[name] = f"it must have {size} bytes; got {path.stat().st_size}"
        return faults

    def damaged(self) -> dict[str, str]:
        """Return the files that are not what was written, by name."""
        faults = self.absent()
        for name, (_, digest) in self.files.items():
            if name not in faults and _digest(self.generation / name) != digest:
                faults[name] = "its checksum does not match"
        return faults


def make_manifest(generation: Path, earlier: Path | None) -> Manifest:
    """Return the checksums of a generation; a file linked from `earlier` keeps its."""
    before = None if earlier is None else read_manifest(earlier)
    files = {}
    for path in sorted(p for p in generation.rglob("*") if p.is_file()):
        name = path.relative_to(generation).as_posix()
        known = None if before is None else _linked(before, name, path)
        files[name] = known or (path.stat().st_size, _digest(path))
    return Manifest(generation, files)


def read_manifest(generation: Path) -> Manifest | None:
    """Return the checksums of a generation; None of one by an earlier version."""
    path = Manifest(generation, {}).path
    try:
        if is_special(path):
            raise ValueError("no file")
        text = path.read_text(encoding="utf-8")
        files = {name: (int(n), str(d)) for name, (n, d) in json.loads(text).items()}
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, AttributeError):
        # It cannot vouch for anything: as if every file had another content.
        return Manifest(generation, {"zarr.json": (UNKNOWN, "")})
    return Manifest(generation, files)


def _linked(before: Manifest, name: str, path: Path) -> tuple[int, str] | None:
    old = before.generation / name
    if name in before.files and old.exists() and old.samefile(path):
        return before.files[name]
    return None


def _digest(path: Path) -> str:
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()
