"""A fusion input in a few lines of text."""

import json

import numpy as np
import xarray as xr

from hifred.observations.events.cut_flow import CutFlow, cut_flow_from_json
from hifred.observations.fusion_input import FusionInput
from hifred.observations.observation import background_of, mask_of


def summarise(fusion_input: FusionInput) -> str:
    """Return what was prepared: per instrument its counts and what was dropped."""
    flows = cut_flows_of(fusion_input)
    lines = []
    for name, observation in fusion_input.observations.items():
        lines.append(_line(name, observation))
        lines += [str(flows[name])] if name in flows else []
    first = next(iter(fusion_input.observations.values()))
    edges = first["energy_edges"].values
    step = 1e3 * float(np.median(np.diff(edges)))
    lines.append(
        f"true energies: {edges.size - 1} bins of {step:g} eV, "
        f"{edges[0]:g} to {edges[-1]:g} keV"
    )
    lines += [f"note: {note}" for note in notes_of(fusion_input)]
    return "\n".join(lines)


def summarise_each(fusion_input: FusionInput) -> list[str]:
    """Return a line on each instrument."""
    return [_line(name, o) for name, o in fusion_input.observations.items()]


def cut_flows_of(fusion_input: FusionInput) -> dict[str, CutFlow]:
    """Return what was dropped of each instrument's counts, where it is known."""
    stored = json.loads(fusion_input.attrs.get("cut_flows", "{}"))
    return {name: cut_flow_from_json(text) for name, text in stored.items()}


def notes_of(fusion_input: FusionInput) -> list[str]:
    """Return what a user should know of the files that an input was made of."""
    return [str(note) for note in json.loads(fusion_input.attrs.get("notes", "[]"))]


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
