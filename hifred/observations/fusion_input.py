"""What one fusion starts from: the observations of one sky, and its truth if known."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import xarray as xr

from hifred.observations.fusion_input_html import fusion_input_html


@dataclass(frozen=True, eq=False)
class FusionInput:
    """Observations of one sky, keyed by instrument.

    Parameters
    ----------
    observations : mapping of str to Dataset
        As `hifred.observations.build_observation` makes them, on one energy grid.
    truth : Dataset, or None
        For a simulated sky, ``flux`` (energy, y, x) in photon cm-2 s-1 per bin with
        coordinates ``energy``, ``energy_edges`` (keV), ``y`` and ``x`` (arcsec).
    attrs : dict
        Where the data come from: source, scene, seed. Not part of the digest.
    """

    observations: Mapping[str, xr.Dataset]
    truth: xr.Dataset | None = None
    attrs: dict[str, Any] = field(default_factory=dict)

    def _repr_html_(self) -> str:
        return fusion_input_html(self.observations, self.truth, self.attrs)
