"""A fusion input in a few lines of text."""

import numpy as np
import xarray as xr

from hifred.observations.fusion_input import FusionInput
from hifred.observations.observation import background_of, mask_of


def summarise(fusion_input: FusionInput) -> str:
    """Return one line per instrument: counts, channels, pixels, what is masked."""
    lines = [_line(name, o) for name, o in fusion_input.observations.items()]
    first = next(iter(fusion_input.observations.values()))
    edges = first["energy_edges"].values
    step = 1e3 * float(np.median(np.diff(edges)))
    lines.append(
        f"true energies: {edges.size - 1} bins of {step:g} eV, "
        f"{edges[0]:g} to {edges[-1]:g} keV"
    )
    return "\n".join(lines)


def _line(name: str, observation: xr.Dataset) -> str:
    n_channels, ny, nx = observation["counts"].shape
    edges = observation["channel_edges"].values
    masked = 100 * float(np.mean(~mask_of(observation)))
    size = observation.attrs["pixel_size_arcsec"]
    return (
        f"{name} ({observation.attrs['role']}): {int(observation['counts'].sum())} "
        f"counts (background {background_of(observation).sum():.0f}) in {n_channels} "
        f"channels from {edges[0]:g} to {edges[-1]:g} keV, {ny} x {nx} pixels of "
        f"{size:.2f} arcsec, {float(observation['exposure_time']):.0f} s, "
        f"{masked:.1f} % masked"
    )
