"""The collected results: generations of one Zarr store, switched in one step."""

import os
import shutil
import uuid
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import xarray as xr
import zarr
from filelock import FileLock

from hifred.errors import HifredError
from hifred.store.checksums import Manifest, make_manifest
from hifred.store.cube_shards import CubeGroup, write_cube_group, write_whole
from hifred.store.durable import replace_text
from hifred.store.generations import CURRENT, next_generation, whole_generation
from hifred.store.provenance import machine_facts
from hifred.store.result_table import (
    TRIAL,
    records_of,
    result_table,
    rows_digest,
)
from hifred.store.trial_file import trial_path
from hifred.store.trial_row import TrialRow
from hifred.store.whole_store import SCHEMA_VERSION, open_collected

SCHEMA = "hifred-results"


@final
@dataclass(frozen=True)
class Selection:
    """Which cubes are collected.

    Parameters
    ----------
    kind : str
        ``all``, ``none``, or ``top``.
    n : int
        How many, for ``top``.
    trial_ids : frozenset of str
        Those chosen.
    """

    kind: str
    n: int
    trial_ids: frozenset[str]


def known_records(results: Path) -> dict[str, Mapping[str, Any]]:
    """Return what the present generation knows of finished trials, by id."""
    generation = whole_generation(results)
    if generation is None:
        return {}
    with open_collected(generation) as table:
        return records_of(table)


def write_generation(
    root: Path,
    rows: Sequence[TrialRow],
    selection: Selection,
    attributes: Mapping[str, Any],
) -> tuple[Path, bool]:
    """Collect `rows` into a new generation, unless nothing has changed.

    Parameters
    ----------
    root : path
        The sweep directory.
    rows : sequence of TrialRow
        All trials, in the order of the plan.
    selection : Selection
        The cubes to include.
    attributes : mapping
        What to say about the sweep as a whole.

    Returns
    -------
    (path, bool)
        The generation that is current now, and whether it is new.

    Notes
    -----
    Generations are only added: who reads one is never disturbed. Whole shards with the
    same trials are one file in all of them; `hifred clean` removes the old ones.

    Raises
    ------
    UnusableTrialError
        If the cube of a trial is not what its attributes say.
    HifredError
        If it cannot be written. In both cases the one before stays current.
    """
    results = root / "results"
    try:
        results.mkdir(exist_ok=True)
        with FileLock(results / ".collect.lock", timeout=600):
            return _write_locked(root, rows, selection, attributes)
    except OSError as error:
        raise HifredError(
            f"results must be writable; {results}: {error.strerror or error}. "
            "The results collected before are still there."
        ) from error


def _write_locked(
    root: Path,
    rows: Sequence[TrialRow],
    selection: Selection,
    attributes: Mapping[str, Any],
) -> tuple[Path, bool]:
    results = root / "results"
    _remove_leftovers(results)
    before = whole_generation(results)
    content = f"{rows_digest(rows)} {selection.kind} {selection.n}"
    if (
        before is not None
        and zarr.open_group(before, mode="r").attrs["content"] == content
    ):
        return before, False
    part = results / f".part-{uuid.uuid4().hex[:8]}"
    try:
        about = {**attributes, "content": content}
        _write_store(root, part, rows, selection, about=about, earlier=before)
        target = next_generation(results)
        _sync_tree(part)
        Manifest(target, make_manifest(part, before).files).write()
        part.rename(target)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    replace_text(results / CURRENT, f"{target.name}\n")
    return target, True


def _write_store(
    root: Path,
    part: Path,
    rows: Sequence[TrialRow],
    selection: Selection,
    *,
    about: Mapping[str, Any],
    earlier: Path | None,
) -> None:
    table = result_table(rows)
    chosen = [row for row in rows if row.trial_id in selection.trial_ids]
    groups = _cube_groups(root, chosen, earlier)
    facts = {name: machine_facts()[name] for name in ("hifred", "git", "packages")}
    table.attrs = {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        **about,
        "collected_by": facts,
        "cube_groups": {group.name: len(group.trial_ids) for group in groups},
    }
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Consolidated metadata", category=UserWarning)
        write_whole(table, part)
        for group in groups:
            labels = table.sel({TRIAL: list(group.trial_ids)})
            write_cube_group(part, group, labels, earlier)
        zarr.consolidate_metadata(str(part))


def _cube_groups(
    root: Path, chosen: Sequence[TrialRow], earlier: Path | None
) -> list[CubeGroup]:
    by_grid: dict[tuple[Any, ...], list[TrialRow]] = {}
    for row in chosen:
        by_grid.setdefault((row.model, *row.grid), []).append(row)
    groups = []
    for (model, shape, digest), rows in by_grid.items():
        alone = sum(key[0] == model for key in by_grid) == 1
        name = model if alone else f"{model}-{'x'.join(map(str, shape))}-{digest[:4]}"
        ids = _stable_order([row.trial_id for row in rows], earlier, name)
        groups.append(CubeGroup(name, shape, ids, [trial_path(root, i) for i in ids]))
    return groups


def _stable_order(ids: list[str], earlier: Path | None, name: str) -> list[str]:
    """Keep the order of the generation before, so that its shards can be reused."""
    folder = None if earlier is None else earlier / "cubes" / name
    if folder is None or not folder.exists():
        return ids
    with xr.open_zarr(folder, consolidated=False, chunks=None) as old:
        return kept_order([str(i) for i in old[TRIAL].values], ids)


def kept_order(earlier: Sequence[str], ids: Sequence[str]) -> list[str]:
    """Return `ids`: those of `earlier` in its order, then the new ones in theirs."""
    present, known = set(ids), set(earlier)
    return [*(i for i in earlier if i in present), *(i for i in ids if i not in known)]


def _sync_tree(folder: Path) -> None:
    for path in folder.rglob("*"):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _remove_leftovers(results: Path) -> None:
    for path in results.glob(".part-*"):
        shutil.rmtree(path, ignore_errors=True)
