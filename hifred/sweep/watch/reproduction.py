"""A finished trial computed again, beside what was published."""

from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np
import xarray as xr

from hifred.errors import HifredError
from hifred.store.trial_file import open_trial, read_trial_attributes
from hifred.sweep.kernels.default_kernel import default_kernel
from hifred.sweep.kernels.kernel import Kernel
from hifred.sweep.plan.plan import Trial
from hifred.sweep.watch.inspection import trial_named
from hifred.sweep.watch.snapshot import SweepView
from hifred.threads import use_threads


@final
@dataclass(frozen=True)
class Reproduction:
    """A trial computed again, beside what was published.

    Parameters
    ----------
    identical : bool
        Whether every array is the same, bit for bit.
    largest_difference : mapping
        Array to its largest difference, in units of its largest value.
    """

    id: str
    identical: bool
    largest_difference: dict[str, float]


def reproduce(
    root: str | Path, name: str, kernel: Kernel | None = None
) -> Reproduction:
    """Compute a finished trial again, without publishing, and compare.

    Raises
    ------
    HifredError
        If the trial is not done.
    """
    kernel = kernel or default_kernel()
    view = SweepView(root)
    trial = trial_named(view, name)
    path = view.directory.trial(trial.id)
    if not path.exists():
        raise HifredError(f"trial {trial.id} must be done to be reproduced; it is not.")
    threads = int(read_trial_attributes(path)["record"]["provenance"]["threads"])
    with use_threads(threads):
        again = _compute(view, trial, kernel)
    with open_trial(path) as published:
        differences = {
            str(key): _difference(published[key], again[key])
            for key in published.data_vars
            if key in again and published[key].dtype.kind in "fiub"
        }
    identical = all(difference == 0.0 for difference in differences.values())
    return Reproduction(trial.id, identical, differences)


def _compute(view: SweepView, trial: Trial, kernel: Kernel) -> xr.Dataset:
    path = view.directory.input(trial.model)
    if trial.after is None:
        attempt = kernel.begin(path, trial.whole, None)
    else:
        with open_trial(view.directory.trial(trial.after)) as before:
            attempt = kernel.begin(path, trial.whole, None, before.load())
    while not attempt.step().done:
        pass
    return attempt.result()


def _difference(one: xr.DataArray, other: xr.DataArray) -> float:
    if one.shape != other.shape:
        return float("inf")
    first, second = one.values, np.asarray(other.values, dtype=one.dtype)
    if np.array_equal(first, second, equal_nan=first.dtype.kind == "f"):
        return 0.0
    scale = float(np.nanmax(np.abs(first))) or 1.0
    return float(np.nanmax(np.abs(first - second))) / scale
