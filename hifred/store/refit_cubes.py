"""Refits of a bootstrap as draws of a cube: the variable ``refits`` of its store."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import xarray as xr

from hifred import dims
from hifred.errors import HifredError
from hifred.products.draws import CubeSet, check_same_cube
from hifred.store.flux_errors import REPLICA
from hifred.store.whole_zarr import append_zarr

SCHEMA = "hifred-bootstrap"
REFITS = "refits"


def append_refits(path: Path, cubes: Iterable[np.ndarray]) -> None:
    """Write cubes (energy, y, x) into the store of a bootstrap, one after the other."""
    told = {"units": dims.FLUX_UNIT, "long_name": "flux of a refit, less its bias"}
    axes = (REPLICA, *dims.SKY_CUBE)
    for cube in cubes:
        append_zarr(xr.Dataset({REFITS: (axes, cube[None], told)}), path, REPLICA)


def read_refits(path: Path, result: xr.Dataset) -> CubeSet:
    """Return the refits of a bootstrap, which are read when they are asked for.

    Parameters
    ----------
    path : Path
        What `hifred bootstrap --keep-refits` wrote.
    result : Dataset
        The fusion that they shall be draws of.

    Raises
    ------
    HifredError
        If no refits were kept, or they are of another fusion.
    """
    kept = xr.open_zarr(path, chunks=None)
    if REFITS not in kept:
        raise HifredError(
            f"{path} must hold the refits of its bootstrap; it has their standard "
            "errors alone. Run `hifred bootstrap --keep-refits`."
        )
    cubes = CubeSet(kept["flux"].transpose(*dims.SKY_CUBE), kept[REFITS])
    try:
        check_same_cube(result, cubes)
    except HifredError as error:
        raise HifredError(f"{path}: {error}") from error
    return cubes
