"""Cubes and maps of many trials as sharded arrays along `trial`."""

import contextlib
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
import xarray as xr
import zarr

from hifred.errors import SchemaError
from hifred.store.result_table import TRIAL
from hifred.store.trial_file import open_trial, read_arrays

SHARD_BYTES = 128 * 2**20
MAX_TRIALS_PER_SHARD = 256
IMAGE_DIMS = ("energy", "y", "x")


class UnusableTrialError(SchemaError):
    """The cube or the maps of a trial are not what its attributes say.

    Parameters
    ----------
    trial_id : str
        Which trial.
    why : str
        What is wrong with its file.
    """

    def __init__(self, trial_id: str, why: str) -> None:
        super().__init__(why)
        self.trial_id = trial_id


@final
@dataclass(frozen=True)
class CubeGroup:
    """Trials whose cubes share one grid.

    Parameters
    ----------
    name : str
        Name of the group below ``cubes``.
    shape : sequence of int
        Energies, rows and columns of their cubes.
    trial_ids : sequence of str
        In the order in which they are stored.
    files : sequence of paths
        Their trial files.
    """

    name: str
    shape: Sequence[int]
    trial_ids: Sequence[str]
    files: Sequence[Path]


def write_cube_group(
    store: Path, group: CubeGroup, labels: xr.Dataset, earlier: Path | None
) -> None:
    """Write one group of cubes and maps below ``cubes`` of the Zarr store at `store`.

    Parameters
    ----------
    store : path
        The generation that is being written.
    group : CubeGroup
        What to write.
    labels : Dataset
        Coordinates along ``trial`` of these trials, in this order.
    earlier : path or None
        The generation before: its whole shards with the same trials are linked.

    Raises
    ------
    UnusableTrialError
        If the arrays of a trial are damaged or have another shape.
    """
    with _usable(group.trial_ids[0]), open_trial(group.files[0]) as first:
        images = _image_variables(first, group.shape)
        shared = first.drop_vars(
            [name for name in first.variables if not _is_grid_coordinate(first, name)]
        ).load()
    shared.attrs = {}
    heading = labels.coords.to_dataset().drop_attrs(deep=False).merge(shared)
    where = f"cubes/{group.name}"
    write_whole(heading, store, group=where)
    before = None if earlier is None else earlier / "cubes" / group.name
    _Writer(store / "cubes" / group.name, group, images, before).write()


def write_whole(dataset: xr.Dataset, store: Path, group: str | None = None) -> None:
    """Write a dataset with all its chunks, so that an absent one tells of damage."""
    dataset.to_zarr(
        store,
        group=group,
        mode="w",
        zarr_format=3,
        consolidated=False,
        write_empty_chunks=True,
    )


def _is_grid_coordinate(dataset: xr.Dataset, name: Any) -> bool:
    return name in dataset.coords and set(dataset[name].dims) <= set(IMAGE_DIMS)


@contextlib.contextmanager
def _usable(trial_id: str) -> Iterator[None]:
    try:
        yield
    except SchemaError as error:
        raise UnusableTrialError(trial_id, str(error)) from error


def _image_variables(
    dataset: xr.Dataset, shape: Sequence[int]
) -> dict[str, xr.Variable]:
    images = {
        str(name): array.variable
        for name, array in dataset.data_vars.items()
        if array.ndim >= 2 and array.dims == IMAGE_DIMS[-array.ndim :]
    }
    for name, image in images.items():
        _check_shape(name, image.shape, shape[-image.ndim :])
    return images


def _check_shape(name: str, got: Sequence[int], expected: Sequence[int]) -> None:
    if tuple(got) != tuple(expected):
        raise SchemaError(
            f"{name!r} must have shape {tuple(expected)}, as the attributes of the "
            f"trial say; got {tuple(got)}. `hifred verify --repair` sets it aside."
        )


@final
class _Writer:
    def __init__(
        self,
        folder: Path,
        group: CubeGroup,
        images: dict[str, xr.Variable],
        before: Path | None,
    ) -> None:
        self.folder, self.group, self.before = folder, group, before
        self.images = images
        largest = max(image.size * image.dtype.itemsize for image in images.values())
        self.step = int(np.clip(SHARD_BYTES // largest, 1, MAX_TRIALS_PER_SHARD))
        self.arrays = {name: self._create(name) for name in images}

    def _create(self, name: str) -> zarr.Array:
        image = self.images[name]
        return zarr.create_array(
            str(self.folder),
            name=name,
            shape=(len(self.group.trial_ids), *image.shape),
            chunks=(1, *image.shape),
            shards=(self.step, *image.shape),
            dtype=image.dtype,
            fill_value=np.nan if image.dtype.kind == "f" else 0,
            dimension_names=(TRIAL, *map(str, image.dims)),
            attributes=dict(image.attrs),
            config={"write_empty_chunks": True},
        )

    def write(self) -> None:
        n_linked = self._link_whole_shards()
        for first in range(n_linked * self.step, len(self.group.files), self.step):
            self._write_shard(slice(first, first + self.step))

    def _write_shard(self, place: slice) -> None:
        blocks: dict[str, list[np.ndarray]] = {name: [] for name in self.arrays}
        ids, files = self.group.trial_ids[place], self.group.files[place]
        for trial_id, file in zip(ids, files, strict=True):
            with _usable(trial_id):
                for name, values in read_arrays(file, blocks).items():
                    _check_shape(name, values.shape, self.images[name].shape)
                    blocks[name].append(values)
        for name, array in self.arrays.items():
            array[place.start : place.start + len(files)] = np.stack(blocks[name])

    def _link_whole_shards(self) -> int:
        n_same = self._n_same_trials()
        n_shards = n_same // self.step
        for shard in range(n_shards):
            if not self._link_shard(shard):
                return shard
        return n_shards

    def _n_same_trials(self) -> int:
        if self.before is None or not self.before.exists():
            return 0
        with xr.open_zarr(self.before, consolidated=False, chunks=None) as old:
            known = [str(name) for name in old[TRIAL].values]
            same = all(
                name in old and old[name].shape[1:] == image.shape
                for name, image in self.images.items()
            )
        if not same:
            return 0
        pairs = zip(known, self.group.trial_ids, strict=False)
        n_same = 0
        for old_id, new_id in pairs:
            if old_id != new_id:
                break
            n_same += 1
        return n_same

    def _link_shard(self, shard: int) -> bool:
        assert self.before is not None
        for name, array in self.arrays.items():
            key = f"{name}/c/" + "/".join([str(shard), *["0"] * (array.ndim - 1)])
            old, new = self.before / key, self.folder / key
            if not old.exists():
                return False
            new.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileExistsError):
                _link_or_copy(old, new)
        return True


def _link_or_copy(old: Path, new: Path) -> None:
    try:
        os.link(old, new)
    except FileExistsError:
        raise
    except OSError:
        shutil.copyfile(old, new)
