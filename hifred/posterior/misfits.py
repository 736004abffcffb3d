"""Counts that a fit does not explain, whatever their noise: what no error knows of."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from hifred.observations import mask_of
from hifred.observations.prediction import predicted_counts

# Runs of channels whose counts are summed over the field.
RUNS = 10
# Errors of their noise, and share of the counts, that they must be off by to be told:
# a good fit is off by some errors where the penalty moves light between energies.
SMALLEST_SIGMA, SMALLEST_SHARE = 10.0, 0.02


def misfits(
    result: xr.Dataset, observations: Mapping[str, xr.Dataset]
) -> tuple[str, ...]:
    """Return a sentence for each instrument that counts more or less than was fitted.

    Parameters
    ----------
    result : Dataset
    observations : mapping of str to Dataset
        What was fused.
    """
    expected = predicted_counts(result, observations)
    found = [_misfit(name, o, expected[name]) for name, o in observations.items()]
    return tuple(sentence for sentence in found if sentence)


def _misfit(name: str, observation: xr.Dataset, expected: np.ndarray) -> str:
    """Return a sentence about the worst run of channels, empty where all are well."""
    used = mask_of(observation)
    counts, fitted = (
        np.where(used, values, 0).sum(axis=(1, 2))
        for values in (observation["counts"].to_numpy().astype(float), expected)
    )
    runs = [run for run in np.array_split(np.arange(len(counts)), RUNS) if len(run)]
    totals = np.array([fitted[run].sum() for run in runs])
    off = np.array([counts[run].sum() for run in runs]) - totals
    sigmas = np.abs(off) / np.sqrt(np.maximum(totals, 1))
    is_small = np.abs(off) <= SMALLEST_SHARE * totals
    sigmas[is_small] = 0
    worst = int(sigmas.argmax())
    if sigmas[worst] <= SMALLEST_SIGMA:
        return ""
    edges = observation["channel_edges"].to_numpy()
    low, high = edges[runs[worst][0]], edges[runs[worst][-1] + 1]
    share = 100 * abs(off[worst]) / max(totals[worst], 1)
    side = "above" if off[worst] > 0 else "below"
    return (
        f"The counts of {name!r} at {low:.4g} to {high:.4g} keV are {share:.2g} % "
        f"{side} those of the fit, {sigmas[worst]:.0f} times their noise: light from "
        "beyond field or band, or another response; no error knows of it."
    )
