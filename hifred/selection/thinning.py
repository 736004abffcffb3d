"""Split recorded counts into two independent data sets of the same sky."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from hifred.errors import HifredError

Observations = Mapping[str, xr.Dataset]


def thin(
    observations: Observations, fraction: float, rng: np.random.Generator
) -> tuple[dict[str, xr.Dataset], dict[str, xr.Dataset]]:
    """Return what is fitted and what is held out of it.

    Every event is held out with probability `fraction`, so both parts are Poisson
    counts, independent of each other, of a shorter exposure.

    Parameters
    ----------
    observations : mapping of str to Dataset
    fraction : float
        Of the events to hold out, above 0 and below 1.
    rng : numpy.random.Generator

    Returns
    -------
    two dicts of Dataset
        Exposure times and backgrounds are those of the two parts.

    Raises
    ------
    HifredError
        If the fraction is out of range.
    """
    if not 0.0 < fraction < 1.0:
        raise HifredError(
            f"fraction must be above 0 and below 1; got {fraction}. 0.1 is usual."
        )
    fitted, held_out = {}, {}
    for name, observation in observations.items():
        counts = observation["counts"].to_numpy()
        held = rng.binomial(counts.astype(np.int64), fraction).astype(counts.dtype)
        fitted[name] = with_counts(observation, counts - held, 1.0 - fraction)
        held_out[name] = with_counts(observation, held, fraction)
    return fitted, held_out


def with_counts(
    observation: xr.Dataset, counts: np.ndarray, exposure_share: float = 1.0
) -> xr.Dataset:
    """Return an observation with other counts, of a share of its exposure time.

    Parameters
    ----------
    observation : Dataset
    counts : (channel, y, x) array, count
    exposure_share : float
        Multiplies the exposure time and the expected counts of the background.
    """
    scaled: dict[str, Any] = {
        name: observation[name] * exposure_share
        for name in ("exposure_time", "background", "expected_counts")
        if name in observation
    }
    for name, variable in scaled.items():
        variable.attrs = observation[name].attrs
    dims = observation["counts"].dims
    new_counts = (dims, counts, observation["counts"].attrs)
    return observation.assign(counts=new_counts, **scaled)
