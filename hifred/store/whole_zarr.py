"""One dataset as one Zarr group."""

import warnings
from pathlib import Path

import xarray as xr


def save_zarr(dataset: xr.Dataset, path: Path) -> None:
    """Write a dataset as a Zarr (version 3) group, in place of an empty folder."""
    with warnings.catch_warnings():
        # Consolidated metadata, which every reader of ours uses, are still announced
        # as not final.
        warnings.filterwarnings("ignore", category=UserWarning, module="zarr")
        dataset.to_zarr(path, mode="w", zarr_format=3)
