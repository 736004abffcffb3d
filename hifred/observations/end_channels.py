"""Channels of imagers that record light from beyond the energies of the sky."""

from collections.abc import Mapping

import numpy as np
import scipy.sparse
import xarray as xr

from hifred.observations.forward import channel_probabilities
from hifred.observations.matching.kernels import kernels_for
from hifred.observations.observation import mask_of, redistribution_of
from hifred.observations.sky import SkyGrid, build_sky_grid

# A channel that takes more than this share of its light from beyond is left out. On two
# scenes of real morphology whose light goes on beyond the band that gains 0.3 dB.
LARGEST_SHARE = 0.1


def without_end_channels(
    observations: Mapping[str, xr.Dataset], *, target_resolution: str = "matched"
) -> dict[str, xr.Dataset]:
    """Return the observations with the end channels of imagers masked.

    These are the channels that would take more than a tenth of their light from beyond
    the energies of the sky if the sky went on there; see `shares_from_beyond`. A fusion
    has no light there, and takes it for a change of the spectrum within the band.

    Parameters
    ----------
    observations : mapping of str to Dataset
        One per instrument.
    target_resolution : str
        As the fusion will use it; see `build_responses`.

    Returns
    -------
    dict of Dataset
        The same objects where nothing changes.

    Raises
    ------
    HifredError
        If the observations do not fit each other.
    """
    sky = build_sky_grid(observations)
    kernels = kernels_for(observations, target_resolution)
    masked = dict(observations)
    for name, observation in observations.items():
        if observation.attrs["role"] == "imager":
            ends = end_channels(name, observation, sky, kernels[name].line_spread)
            masked[name] = without_channels(observation, ends)
    return masked


def end_channels(
    name: str, observation: xr.Dataset, sky: SkyGrid, line_spread: np.ndarray | None
) -> np.ndarray:
    """Return which channels (channel,) `without_end_channels` masks.

    Parameters
    ----------
    name : str
    observation : Dataset
    sky : SkyGrid
    line_spread : (odd,) array, optional
        Between the sky and the instrument; not read where there is a redistribution.
    """
    response = channel_probabilities(name, observation, sky, line_spread, "zero")
    edges = observation["channel_edges"].values
    return is_end_channel(response, edges, sky.energy_edges)


def prepared_end_channels(observation: xr.Dataset) -> np.ndarray:
    """Return the end channels (channel,) of an imager that has a redistribution.

    None of a spectrometer, and none where the channels are true energies.
    """
    response = redistribution_of(observation)
    if response is None or observation.attrs["role"] != "imager":
        return np.zeros(observation.sizes["channel"], dtype=bool)
    edges = observation["channel_edges"].values, observation["energy_edges"].values
    return is_end_channel(scipy.sparse.csr_array(response), *edges)


def without_channels(observation: xr.Dataset, left_out: np.ndarray) -> xr.Dataset:
    """Return an observation whose mask leaves channels (channel,) out."""
    if not left_out.any():
        return observation
    mask = mask_of(observation) & ~left_out[:, None, None]
    return observation.assign(mask=(observation["counts"].dims, mask))


def is_end_channel(
    probabilities: scipy.sparse.sparray,
    channel_edges: np.ndarray,
    energy_edges: np.ndarray,
) -> np.ndarray:
    """Return which channels (channel,) lie too near to the ends of the energies.

    None where it would be a half of them or more: then the energies are too few for
    this response at all. Parameters are those of `shares_from_beyond`.
    """
    ends = shares_from_beyond(probabilities, channel_edges, energy_edges)
    ends = ends > LARGEST_SHARE
    return ends & (2 * ends.sum() < ends.size)


def shares_from_beyond(
    probabilities: scipy.sparse.sparray,
    channel_edges: np.ndarray,
    energy_edges: np.ndarray,
) -> np.ndarray:
    """Return the share of each channel's light (channel,) that comes from beyond.

    For a flat spectrum, with the response of the channels at a quarter and at three
    quarters of the band, shifted to all others of their half.

    Parameters
    ----------
    probabilities : (channel, energy) sparse array
    channel_edges : (channel + 1,) array, keV
    energy_edges : (energy + 1,) array, keV
    """
    centres, energies = _middles(channel_edges), _middles(energy_edges)
    n = centres.size
    rows = scipy.sparse.csr_array(probabilities)
    shares = np.zeros(n)
    for half, typical in (
        (slice(0, n // 2), n // 4),
        (slice(n // 2, n), n - 1 - n // 4),
    ):
        weights = rows[[typical]].toarray().ravel()
        seen = centres[half, None] + (energies - centres[typical])
        beyond = (seen < energy_edges[0]) | (seen > energy_edges[-1])
        shares[half] = beyond @ weights / max(weights.sum(), np.finfo(float).tiny)
    return shares


def _middles(edges: np.ndarray) -> np.ndarray:
    return np.asarray(0.5 * (edges[1:] + edges[:-1]))
