"""A measure of many trials laid out over settings, as one labelled array."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from hifred.errors import HifredError, unknown_name
from hifred.store.ranking import merits
from hifred.store.trial_row import NOT_PLANNED, STATUS_FLAGS
from hifred.store.trial_table import (
    FACTS,
    SettingKey,
    TrialTable,
    ordered_keys,
)

FIRST_DIMS = ("model", "regularizer", "mu", "rank")


def grid_dims(table: TrialTable, last: Sequence[str] = ()) -> list[str]:
    """Return the settings that a grid spans: model to rank, what differs, `last`."""
    for name in last:
        if name not in table.setting_names:
            raise unknown_name("setting", name, table.setting_names)
    first = [name for name in FIRST_DIMS if name in table.setting_names]
    others = [name for name in table.swept() if name not in first]
    return [name for name in [*first, *others] if name not in last] + list(last)


def trial_grid(
    table: TrialTable, measure: str, dims: Sequence[str], *, best_of: bool = False
) -> xr.DataArray:
    """Return `measure` over the settings `dims`.

    Parameters
    ----------
    table : TrialTable
        The trials to lay out.
    measure : str
        What to show.
    dims : sequence of str
        Settings.
    best_of : bool
        Whether the best of several trials at one place is taken; else they are refused.

    Returns
    -------
    DataArray
        NaN where there is no value. Coordinates over `dims`: ``status`` tells why
        (255 = not planned), ``trial`` names the trial, ``n_trials`` counts those that
        share the place.

    Raises
    ------
    HifredError
        If there is no trial, or two share a place.
    """
    _check_grid(table, measure)
    axes, places = _places(table, dims)
    n_trials = np.zeros([len(axis) for axis in axes], dtype=int)
    np.add.at(n_trials, places, 1)
    order = np.arange(len(table))
    if n_trials.max() > 1:
        order = _worst_first(table, measure, dims, best_of=best_of)
    layers = _laid_down(table.take(order), measure, [at[order] for at in places], axes)
    coords = {name: _axis(keys) for name, keys in zip(dims, axes, strict=True)}
    array = xr.DataArray(layers.pop("values"), coords, dims, name=measure)
    array.attrs = dict(table.about.get(measure, {}))
    array.attrs["direction"] = table.direction(measure)
    layers["n_trials"] = n_trials
    array = array.assign_coords({k: (list(dims), v) for k, v in layers.items()})
    array["status"].attrs = {
        "flag_values": [*STATUS_FLAGS.values(), NOT_PLANNED],
        "flag_meanings": " ".join([*STATUS_FLAGS, "not_planned"]),
    }
    return array


def _check_grid(table: TrialTable, measure: str) -> None:
    if measure not in (*table.measure_names, *FACTS[:4]):
        raise unknown_name("measure", measure, table.measure_names)
    if not len(table):
        raise HifredError("a grid must have at least one trial; where fits none.")


def _laid_down(
    table: TrialTable,
    measure: str,
    places: Sequence[np.ndarray],
    axes: Sequence[Sequence[SettingKey]],
) -> dict[str, np.ndarray]:
    shape = tuple(len(axis) for axis in axes)
    values = np.full(shape, np.nan)
    status = np.full(shape, NOT_PLANNED, dtype=np.uint8)
    names = np.full(shape, "", dtype=object)
    at = tuple(places)
    values[at] = np.asarray(table.frame[measure], float)
    status[at] = table.frame["status"].map(STATUS_FLAGS).to_numpy(np.uint8)
    names[at] = table.frame.index.to_numpy()
    return {"values": values, "status": status, "trial": names}


def _places(
    table: TrialTable, dims: Sequence[str]
) -> tuple[list[list[SettingKey]], tuple[np.ndarray, ...]]:
    axes, places = [], []
    for name in dims:
        keys = table.keys(name)
        axis = ordered_keys(keys)
        index = {key: i for i, key in enumerate(axis)}
        axes.append(axis)
        places.append(np.array([index[key] for key in keys], dtype=int))
    return axes, tuple(places)


def _axis(keys: Sequence[SettingKey]) -> np.ndarray:
    """Return the values of an axis: NaN, or empty among texts, where it is not read."""
    if any(isinstance(key, float) for key in keys) or set(keys) == {None}:
        plain = [np.nan if key is None else key for key in keys]
        is_text = any(isinstance(key, str) for key in keys)
        return np.array(plain, dtype=object if is_text else float)
    return np.array(["" if key is None else key for key in keys], dtype=object)


def _worst_first(
    table: TrialTable, measure: str, dims: Sequence[str], *, best_of: bool
) -> np.ndarray:
    """Return the order in which trials are laid down, so that the best stays on top."""
    if not best_of:
        raise HifredError(
            f"a grid must have one trial at each place of ({', '.join(dims)}); some "
            "have several. Choose among them with where."
        )
    values = np.where(table.is_done, merits(table, measure), np.nan)
    return np.argsort(np.where(np.isfinite(values), values, -np.inf), kind="stable")
