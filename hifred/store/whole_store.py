"""Reading collected results: what is absent on disk is an error, never a NaN."""

import re
from pathlib import Path
from typing import final

import xarray as xr
import zarr
from zarr.abc.store import ByteRequest
from zarr.core.buffer import Buffer, BufferPrototype
from zarr.storage import LocalStore

from hifred.errors import HifredError, SchemaError

SCHEMA_VERSION = 2
# From this version on every chunk is written, one of fill values too.
WHOLE_SINCE = 2
REMOVED = "removed by `hifred clean`: open the results again\n"


_CHUNK = re.compile(r"/c(/\d+)*$")


class MissingResultsError(HifredError):
    """Collected results that were there are not there any more."""


@final
class WholeStore(LocalStore):
    """A collected store whose every chunk must be there."""

    async def get(
        self,
        key: str,
        prototype: BufferPrototype | None = None,
        byte_range: ByteRequest | None = None,
    ) -> Buffer | None:
        if removed_mark(Path(self.root)).exists():
            raise MissingResultsError(f"{self.root} was {REMOVED.strip()}.")
        value = await super().get(key, prototype, byte_range)
        if value is None and _CHUNK.search(key):
            raise MissingResultsError(
                f"{Path(self.root) / key} must be there; it is not. "
                "Run `hifred verify DIR --repair`, then `hifred collect DIR`."
            )
        return value


def removed_mark(generation: Path) -> Path:
    """Return the file that tells that a generation was removed."""
    return generation.with_suffix(".removed")


def open_collected(generation: Path, group: str | None = None) -> xr.Dataset:
    """Open the table of a generation, or one group of its cubes, lazily.

    Raises
    ------
    MissingResultsError
        Then, or when values are read, if they are not there any more.
    SchemaError
        If they are cut, or of a version that this one does not know.
    """
    is_whole = _version_of(generation) >= WHOLE_SINCE
    store = (WholeStore if is_whole else LocalStore)(generation, read_only=True)
    consolidated = group is None
    return xr.open_zarr(store, group=group, consolidated=consolidated, chunks=None)


def _version_of(generation: Path) -> int:
    try:
        version = zarr.open_group(generation, mode="r").attrs.get("schema_version", 1)
    except FileNotFoundError as error:
        why = "" if generation.exists() else "; it is not there"
        raise MissingResultsError(
            f"{generation} must be collected results{why}."
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise SchemaError(
            f"{generation} must be whole; its zarr.json cannot be read. "
            "Run `hifred verify DIR --repair`, then `hifred collect DIR`."
        ) from error
    if not isinstance(version, int) or not 1 <= version <= SCHEMA_VERSION:
        raise SchemaError(
            f"{generation} must have a schema version of 1 to {SCHEMA_VERSION}; got "
            f"{version!r}. Read it with the hifred that wrote it, or newer."
        )
    return version
