"""How a fusion input shows itself in a notebook."""

from collections.abc import Mapping
from html import escape
from typing import Any

import xarray as xr

HEADINGS = ("instrument", "role", "channels x rows x columns", "counts", "band (keV)",
            "pixel (arcsec)", "exposure time (s)")  # fmt: skip


def fusion_input_html(
    observations: Mapping[str, xr.Dataset],
    truth: xr.Dataset | None,
    attrs: Mapping[str, Any],
) -> str:
    """Return a table of the observations, and whether a truth is known, as HTML."""
    head = "".join(f"<th>{name}</th>" for name in HEADINGS)
    rows = "".join(_row(name, data) for name, data in observations.items())
    known = "real data, no truth" if truth is None else "truth known"
    source = escape(str(attrs.get("source", "")))
    about = f" · {source}" if source else ""
    return (
        f"<p><b>Fusion input</b>: {known}{about}</p>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _row(name: str, observation: xr.Dataset) -> str:
    counts, edges = observation["counts"], observation["channel_edges"].values
    cells = (
        name,
        observation.attrs.get("role", ""),
        " x ".join(str(n) for n in counts.shape),
        f"{float(counts.sum()):,.0f}",
        f"{edges[0]:.3f} to {edges[-1]:.3f}",
        f"{observation.attrs.get('pixel_size_arcsec', float('nan')):g}",
        f"{float(observation['exposure_time']):.4g}",
    )
    return "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in cells) + "</tr>"
