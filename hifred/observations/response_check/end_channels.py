"""Channels at the ends of the band that count light from beyond it."""

import numpy as np
import xarray as xr

from hifred.observations.response_check.report import SIGNIFICANT
from hifred.observations.response_check.stray_channels import (
    runs_of_channels,
    seen_and_expected,
)
from hifred.observations.response_check.transfer import Comparison, channel_groups

# More counts than expected, relative to the whole channels beside them.
NOTICEABLE_EXCESS = 0.05
N_BESIDE = 5


def end_notes(
    names: tuple[str, str], comparison: Comparison, ends: np.ndarray, imager: xr.Dataset
) -> tuple[str, ...]:
    """Return a sentence on such channels if there are any.

    Parameters
    ----------
    names : (str, str)
        Imager and spectrometer.
    comparison : Comparison
    ends : (channel,) bool array
        Channels whose responses reach beyond the energies of the sky.
    imager : Dataset
    """
    found = channel_groups(imager.sizes["channel"]).T @ _excess(comparison)
    ends = ends & (found != 1)
    if not ends.any():
        return ()
    runs = ", ".join(runs_of_channels(ends, found, imager["channel_edges"].values))
    return (
        f"channels of {names[0]} record light from beyond the energies of the sky, and "
        f"were not compared: {runs}. Leave them out (`hifred.without_end_channels`) or "
        "let the sky reach further (energy.margin_ev of `hifred prepare`, or "
        "margin_channels).",
    )


def _excess(comparison: Comparison) -> np.ndarray:
    """Return counts over those expected (group,); 1 where they do not stand out."""
    seen, expected, noise = seen_and_expected(comparison)
    whole = np.flatnonzero(comparison.groups & (expected > 0))
    if whole.size == 0:
        return np.ones_like(seen)
    usual = np.empty_like(seen)
    for half, beside in (
        (slice(None, seen.size // 2), whole[:N_BESIDE]),
        (slice(seen.size // 2, None), whole[-N_BESIDE:]),
    ):
        usual[half] = seen[beside].sum() / expected[beside].sum() * expected[half]
    least = np.maximum(NOTICEABLE_EXCESS * usual, SIGNIFICANT * noise)
    large = ~comparison.dead & (usual > 0) & (seen - usual > least)
    return np.divide(seen, usual, out=np.ones_like(seen), where=large)
