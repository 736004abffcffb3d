"""Files that are either whole or not there, whatever is killed in between."""

import contextlib
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from hifred.errors import SchemaError

PART_SUFFIX = ".part"


def is_special(path: Path) -> bool:
    """Return whether a folder, a pipe or a device is there instead of a file.

    What is read from a pipe is waited for without end.
    """
    return path.exists() and not path.is_file()


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def part_beside(target: Path) -> Path:
    """Return a name that no other process writes, in the folder of `target`."""
    return target.with_name(f".{target.name}.{uuid.uuid4().hex[:12]}{PART_SUFFIX}")


def _write_synced(part: Path, write: Callable[[BinaryIO], None]) -> None:
    with part.open("xb+") as file:
        write(file)
        file.flush()
        os.fsync(file.fileno())


def publish_once(target: Path, write: Callable[[BinaryIO], None]) -> bool:
    """Create `target` in one step; the first of several writers wins.

    Parameters
    ----------
    target : path
        The file to create, in an existing folder.
    write : callable
        Writes the content into a binary file open for reading and writing.

    Returns
    -------
    bool
        False when `target` was there already: it is untouched.

    Notes
    -----
    A hard link, unlike a rename, never replaces what is there. It fails with
    EEXIST also when an NFS server repeats a request that had succeeded, so the
    number of links decides.
    """
    part = part_beside(target)
    try:
        _write_synced(part, write)
        try:
            os.link(part, target)
        except FileExistsError:
            return part.stat().st_nlink > 1
        sync_folder(target.parent)
        return True
    finally:
        part.unlink(missing_ok=True)


def replace_file(target: Path, write: Callable[[BinaryIO], None]) -> None:
    """Create or replace `target` in one step; a reader sees the old or the new."""
    part = part_beside(target)
    try:
        _write_synced(part, write)
        part.replace(target)
        sync_folder(target.parent)
    finally:
        part.unlink(missing_ok=True)


def touch_here(path: Path) -> None:
    """Create an empty file, unless there is one; a link is not followed."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o666))


def place_of_ours(path: Path) -> Path:
    """Return `path`, after a link that somebody has put there is removed."""
    if path.is_symlink():
        path.unlink()
    return path


def replace_text(target: Path, text: str) -> None:
    """Create or replace a text file (UTF-8) in one step."""
    content = text.encode("utf-8")
    replace_file(target, lambda file: _write_all(file, content))


def _write_all(file: BinaryIO, content: bytes) -> None:
    file.write(content)


@contextlib.contextmanager
def replace_folder(target: Path) -> Iterator[Path]:
    """Create or replace a folder, or a file, once all of it is written.

    Parameters
    ----------
    target : path
        Its parents are made.

    Yields
    ------
    Path
        What to create and to write; it takes the place of `target` when the
        block ends, and is dropped when the block fails.

    Raises
    ------
    SchemaError
        If the file system refuses, with its reason.
    """
    part = part_beside(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield part
        _exchange(part, target)
    except OSError as error:
        raise SchemaError(
            f"output folder must be writable; got {target} ({error.strerror or error})."
        ) from error
    finally:
        _remove(part)


def _remove(part: Path) -> None:
    if part.is_file():
        part.unlink()
    else:
        shutil.rmtree(part, ignore_errors=True)


def _exchange(part: Path, target: Path) -> None:
    if not target.exists():
        part.rename(target)
        return
    old = part_beside(target)
    target.rename(old)
    part.rename(target)
    shutil.rmtree(old, ignore_errors=True)
