"""What a Zarr group on disk says that it is."""

from pathlib import Path

import zarr


def stored_schema(path: Path) -> str:
    """Return the schema that a Zarr group names; empty for anything else."""
    try:
        return str(zarr.open_group(path, mode="r").attrs.get("schema", ""))
    except (OSError, ValueError, KeyError):
        return ""
