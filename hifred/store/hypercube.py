"""Cubes of many trials laid out over what was swept, as one labelled array."""

import numpy as np
import pandas as pd
import xarray as xr

from hifred.store.result_table import TRIAL


def hypercube(cubes: xr.DataArray, places: xr.DataArray) -> xr.DataArray:
    """Return cubes at the places of their trials, one chunk a trial, read when used.

    Parameters
    ----------
    cubes : (trial, ...) DataArray
        Labelled by trial.
    places : DataArray
        Over what was swept, with ``trial`` and ``status`` as coordinates: see
        `hifred.store.result_grid.trial_grid`.

    Returns
    -------
    DataArray
        The dims of `places`, then those of a cube. NaN where there is no cube;
        ``status`` says why.
    """
    names = places[TRIAL].values.ravel()
    rows = pd.Index(cubes[TRIAL].values).get_indexer(names)
    own = [name for name in cubes.coords if TRIAL in cubes[name].dims]
    flat = cubes.drop_vars(own).chunk({TRIAL: 1}).isel({TRIAL: np.maximum(rows, 0)})
    if (rows < 0).any():
        flat = flat.where(xr.DataArray(rows >= 0, dims=TRIAL))
    laid = _unfolded(flat, places) if places.dims else flat.squeeze(TRIAL)
    return laid.assign_coords(places.coords)


def _unfolded(flat: xr.DataArray, places: xr.DataArray) -> xr.DataArray:
    # By numbers: labels such as "auto" beside 0.1 have no order.
    numbers = pd.MultiIndex.from_product(
        [range(n) for n in places.shape], names=places.dims
    )
    coords = xr.Coordinates.from_pandas_multiindex(numbers, TRIAL)
    unfolded = flat.assign_coords(coords).unstack(TRIAL)
    order = [*places.dims, *(dim for dim in flat.dims if dim != TRIAL)]
    return unfolded.transpose(*order).drop_vars(places.dims)
