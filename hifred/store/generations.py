"""The generations of a sweep's collected results: which is current, which are old."""

import os
import re
from pathlib import Path

from hifred.errors import HifredError
from hifred.store.checksums import Manifest, read_manifest
from hifred.store.durable import part_beside, replace_text
from hifred.store.whole_store import REMOVED, removed_mark

CURRENT = "CURRENT"
_GENERATION = re.compile(r"gen-(\d{6,})\.zarr")


def current_generation(results: Path) -> Path | None:
    """Return the collected store that `results` points to; None before the first."""
    path = results / CURRENT
    if not path.exists():
        return None
    name = path.read_text("utf-8", errors="replace").strip() if path.is_file() else ""
    if _GENERATION.fullmatch(name) is None or not (results / name).is_dir():
        raise HifredError(
            f"{results / CURRENT} must name a generation beside it; got {name!r}. "
            "Delete it and run `hifred collect` again."
        )
    return results / name


def whole_generation(results: Path) -> Path | None:
    """Return the current generation; None if files of it are gone or cut.

    What is left of such a one is never built upon: it is collected anew.
    """
    generation = current_generation(results)
    if generation is None:
        return None
    manifest = read_manifest(generation)
    return None if manifest is not None and manifest.absent() else generation


def next_generation(results: Path) -> Path:
    """Return the name of the generation to come, greater than any before."""
    numbers = [
        int(match.group(1))
        for path in results.iterdir()
        if (match := _GENERATION.fullmatch(path.name))
    ]
    return results / f"gen-{max(numbers, default=0) + 1:06d}.zarr"


def old_generations(results: Path) -> list[Path]:
    """Return the generations that a later one has replaced and nobody removed."""
    if not results.is_dir():
        return []
    current = current_generation(results)
    return sorted(
        path
        for path in results.iterdir()
        if _GENERATION.fullmatch(path.name)
        and path != current
        and not removed_mark(path).exists()
    )


def remove_generation(generation: Path) -> None:
    """Remove what a generation holds, so that who still reads it gets an error.

    Zarr takes a file that is absent for NaN. So none is: a few bytes that no codec
    takes stand in the place of each, one file with many names.
    """
    mark = removed_mark(generation)
    replace_text(mark, REMOVED)
    for path in generation.rglob("*"):
        if path.is_file() and path.name != "zarr.json":
            _replace_by_link(mark, path)
    Manifest(generation, {}).path.unlink(missing_ok=True)


def _replace_by_link(mark: Path, path: Path) -> None:
    scratch = part_beside(path)
    try:
        os.link(mark, scratch)
    except OSError:
        # No links on this file system.
        scratch.write_text(REMOVED, encoding="utf-8")
    scratch.replace(path)
