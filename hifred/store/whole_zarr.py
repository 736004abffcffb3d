"""One dataset as one Zarr group."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import xarray as xr


def save_zarr(dataset: xr.Dataset, path: Path) -> None:
    """Write a dataset as a Zarr (version 3) group, in place of an empty folder."""
    with _metadata_consolidated():
        dataset.to_zarr(path, mode="w", zarr_format=3)


def append_zarr(dataset: xr.Dataset, path: Path, dim: str) -> None:
    """Add variables to a group, or to the end of those that it has along `dim`."""
    with _metadata_consolidated():
        with xr.open_zarr(path, chunks=None) as found:
            is_new = dim not in found.dims
        if is_new:
            dataset.to_zarr(path, mode="a", zarr_format=3)
        else:
            dataset.to_zarr(path, append_dim=dim)


@contextmanager
def _metadata_consolidated() -> Iterator[None]:
    with warnings.catch_warnings():
        # Consolidated metadata, which every reader of ours uses, are still announced
        # as not final.
        warnings.filterwarnings("ignore", category=UserWarning, module="zarr")
        yield
