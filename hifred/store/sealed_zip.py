"""Zip files, stored not deflated, with a seal over every byte of them."""

import hashlib
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from hifred.errors import SchemaError
from hifred.store.durable import is_special

# The seal is the zip's comment, its last bytes: the sha256 of all bytes before it.
# A zip's own checksums cover its members, not its directory of them.
SEAL_PREFIX = b"hifred-sha256:"
DIGEST_LENGTH = 64
CHUNK = 1 << 20
# Fixed, so that the same content gives the same bytes.
EPOCH = (1980, 1, 1, 0, 0, 0)


class DamagedFileError(SchemaError):
    """A file is truncated or altered."""


def write_sealed(file: BinaryIO, members: Mapping[str, bytes | memoryview]) -> None:
    """Write `members` as an uncompressed zip into `file`, and seal it.

    Raises
    ------
    ValueError
        If `open_sealed` would refuse the name of a member.
    """
    for name in members:
        if not is_safe_member(name):
            raise ValueError(f"members must have relative, plain names; got {name!r}.")
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, EPOCH), content)
        archive.comment = SEAL_PREFIX + b"0" * DIGEST_LENGTH
    digest = _digest_before_seal(file)
    file.seek(-DIGEST_LENGTH, os.SEEK_END)
    file.write(digest)


def _digest_before_seal(file: BinaryIO) -> bytes:
    file.seek(0, os.SEEK_END)
    left = file.tell() - DIGEST_LENGTH
    file.seek(0)
    digest = hashlib.sha256()
    while left > 0 and (block := file.read(min(CHUNK, left))):
        digest.update(block)
        left -= len(block)
    return digest.hexdigest().encode("ascii")


def check_seal(path: Path) -> None:
    """Read the whole of `path` and compare it with its seal.

    Raises
    ------
    DamagedFileError
        If a byte is missing or differs from what was written.
    """
    _check_file(path)
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        length = len(SEAL_PREFIX) + DIGEST_LENGTH
        if size < length:
            raise _damaged(path, f"it has only {size} bytes")
        file.seek(-length, os.SEEK_END)
        seal = file.read()
        if not seal.startswith(SEAL_PREFIX):
            raise _damaged(path, "it ends without its seal (truncated, or not ours)")
        if _digest_before_seal(file) != seal[len(SEAL_PREFIX) :]:
            raise _damaged(path, "its checksum differs")


def _check_file(path: Path) -> None:
    if is_special(path):
        raise _damaged(path, "it is no file")


def _damaged(path: Path, why: str) -> DamagedFileError:
    return DamagedFileError(
        f"{path.name} must be whole; {why}. `hifred verify --repair` sets it aside, "
        "and the next `hifred run` makes it again."
    )


def open_sealed(path: Path) -> zipfile.ZipFile:
    """Open `path` for reading after checking its member names.

    Raises
    ------
    DamagedFileError
        If it is no readable zip.
    SchemaError
        If a member is compressed, encrypted, repeated, or its name leaves the archive.
    """
    _check_file(path)
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise _damaged(path, str(error).rstrip(".").lower()) from error
    try:
        _check_members(path, archive)
    except SchemaError:
        archive.close()
        raise
    return archive


def _check_members(path: Path, archive: zipfile.ZipFile) -> None:
    names = archive.namelist()
    if len(set(names)) != len(names):
        raise SchemaError(f"{path.name} must hold each member once; some are repeated.")
    for member in archive.infolist():
        if not is_safe_member(member.filename):
            raise SchemaError(
                f"{path.name} must hold relative paths inside the archive only; "
                f"got {member.filename!r}. Do not use this file."
            )
        if member.compress_type != zipfile.ZIP_STORED or member.flag_bits & 0x1:
            raise SchemaError(
                f"{path.name} must hold plain stored members; {member.filename!r} "
                "is compressed or encrypted. It was not written by hifred."
            )


def is_safe_member(name: str) -> bool:
    """Say whether `name` is relative and stays inside its archive."""
    parts = PurePosixPath(name).parts
    return bool(parts) and not (
        name.startswith("/")
        or "\\" in name
        or ":" in parts[0]
        or ".." in parts
        or "\0" in name
    )


def read_member(path: Path, archive: zipfile.ZipFile, name: str) -> bytes:
    """Return one member, its checksum verified."""
    try:
        return archive.read(name)
    except KeyError as error:
        raise SchemaError(f"{path.name} must hold {name!r}; it does not.") from error
    except (zipfile.BadZipFile, EOFError, OSError) as error:
        raise _damaged(path, str(error).rstrip(".").lower()) from error
