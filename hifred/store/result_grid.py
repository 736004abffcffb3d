"""A measure of many trials as one dense labelled array."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

from hifred.errors import HifredError
from hifred.store.trial_row import NOT_PLANNED, STATUS_FLAGS

FIRST_DIMS = ("model", "regularizer", "mu", "rank")
# What a setting is called, on an axis, where a trial does not read it.
NOT_READ = "-"


def dense_grid(
    frame: pd.DataFrame, measure: str, settings: Sequence[str], last: Sequence[str]
) -> xr.DataArray:
    """Return `measure` over all settings that vary in `frame`.

    Parameters
    ----------
    frame : DataFrame
        One row a trial.
    measure : str
        Column to show.
    settings : sequence of str
        Columns that may become dims.
    last : sequence of str
        Those that come last, in this order, even with one value.

    Raises
    ------
    HifredError
        If two trials share a place.
    """
    dims = _dims(frame, settings, last)
    axes = {name: _axis_values(frame[name]) for name in dims}
    shape = tuple(len(values) for values in axes.values())
    places = tuple(_places(frame[name], axes[name]) for name in dims)
    _check_unique(frame, places, shape, dims)
    values = np.full(shape, np.nan)
    status = np.full(shape, NOT_PLANNED, dtype=np.uint8)
    names = np.full(shape, "", dtype=object)
    values[places] = frame[measure].to_numpy(float)
    status[places] = frame["status"].map(STATUS_FLAGS).to_numpy(np.uint8)
    names[places] = frame.index.to_numpy()
    array = xr.DataArray(values, axes, dims, name=measure)
    array = array.assign_coords(status=(dims, status), trial=(dims, names))
    array["status"].attrs = {
        "flag_values": [*STATUS_FLAGS.values(), NOT_PLANNED],
        "flag_meanings": " ".join([*STATUS_FLAGS, "not_planned"]),
    }
    single = [name for name in dims if len(axes[name]) == 1 and name not in last]
    return array.squeeze(single)


def _dims(
    frame: pd.DataFrame, settings: Sequence[str], last: Sequence[str]
) -> list[str]:
    varying = [
        name
        for name in settings
        if name in FIRST_DIMS or frame[name].nunique(dropna=False) > 1
    ]
    ordered = [name for name in FIRST_DIMS if name in varying]
    ordered += [name for name in varying if name not in FIRST_DIMS]
    return [name for name in ordered if name not in last] + list(last)


def _axis_values(column: pd.Series) -> np.ndarray:
    values = sorted(column.dropna().unique())
    if column.isna().any():
        # After the numbers, so that an axis stays sorted.
        return np.array([*values, np.nan], dtype=float)
    return np.array(values)


def _places(column: pd.Series, axis: np.ndarray) -> np.ndarray:
    known = axis[~pd.isna(axis)]
    found = np.searchsorted(known, column.fillna(known[0] if len(known) else 0))
    return np.where(column.isna(), len(known), found)


def _check_unique(
    frame: pd.DataFrame,
    places: tuple[np.ndarray, ...],
    shape: tuple[int, ...],
    dims: Sequence[str],
) -> None:
    flat = np.ravel_multi_index(places, shape)
    if len(np.unique(flat)) < len(flat):
        raise HifredError(
            f"a grid must have one trial at each place of ({', '.join(dims)}); some "
            "have several. Choose among them with where."
        )
    if not len(frame):
        raise HifredError("a grid must have at least one trial; where fits none.")
