"""The redistribution of one instrument as an OGIP matrix."""

import numpy as np
import xarray as xr
from scipy import sparse

from hifred.observations.formats.file_names import keyword_text
from hifred.observations.formats.rmf import Rmf
from hifred.observations.forward import channel_probabilities
from hifred.observations.matching.kernels import full_kernels
from hifred.observations.sky import SkyGrid


def instrument_response(name: str, observation: xr.Dataset, sky: SkyGrid) -> Rmf:
    """Return the full redistribution of an instrument, not that of the fused cube.

    Parameters
    ----------
    name : str
    observation : Dataset
    sky : SkyGrid
        Gives the true energies.

    Notes
    -----
    An input that was prepared at the resolution of an instrument holds matrices that
    lead from there, and so does this one.
    """
    spread = full_kernels(observation).line_spread
    matrix = channel_probabilities(name, observation, sky, spread, "zero")
    edges = observation["channel_edges"].values
    return Rmf(
        sparse.csr_array(matrix),
        sky.energy_edges,
        np.arange(len(edges) - 1),
        edges[:-1],
        edges[1:],
        keywords=instrument_keywords(name, observation),
    )


def instrument_keywords(name: str, observation: xr.Dataset) -> dict[str, object]:
    """Return TELESCOP, INSTRUME and, where it is known, OBS_ID."""
    named = {"TELESCOP": "HIFRED", "INSTRUME": keyword_text(name)}
    identifier = str(observation.attrs.get("obs_id", ""))
    return {**named, "OBS_ID": identifier} if identifier else dict(named)
