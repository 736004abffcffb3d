"""Channels of the imager that count what the spectrometer's spectrum rules out."""

from collections.abc import Iterator

import numpy as np
import xarray as xr

from hifred.observations.response_check.report import SIGNIFICANT, CheckRow
from hifred.observations.response_check.transfer import Comparison, channel_groups

# Counts over what the other channels make usual, or the other way round; wrong areas
# and energies change less from channel to channel.
STRAY_FACTOR = 2.0
# At the ends of the band, where photons from beyond it are counted as well.
STRAY_FACTOR_AT_ENDS = 3.0
# If more groups of channels than this share differ, it is the spectra that differ.
LARGEST_SHARE = 1 / 3


def stray_groups(comparison: Comparison) -> np.ndarray:
    """Return which groups of channels are far from what all others make expected.

    Returns
    -------
    (group,) array
        Counts over those expected; 1 for all groups that are not far from it.
    """
    seen, expected, noise = seen_and_expected(comparison)
    found = np.divide(seen, expected, out=np.ones_like(seen), where=expected > 0)
    factor = np.where(comparison.groups, STRAY_FACTOR, STRAY_FACTOR_AT_ENDS)
    far = (found > factor) | (found * factor < 1)
    stray = far & ~comparison.dead & (np.abs(seen - expected) > SIGNIFICANT * noise)
    few = stray.sum() <= LARGEST_SHARE * stray.size
    return np.where(stray & few, found, 1.0)


def seen_and_expected(
    comparison: Comparison,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the counts (group,) of the used pixels, those expected, and the noise."""
    pixels, whole = comparison.pixels, comparison.groups
    seen = comparison.predicted[:, pixels].sum(axis=1)
    predicted = comparison.transfer @ comparison.net_spectrum
    known = whole & (predicted > 0)
    usual = float(np.median((seen / np.where(known, predicted, 1.0))[known]))
    weights = comparison.blur.backward(pixels[None].astype(float))[0]
    own = comparison.sky_variances @ weights**2
    shared = comparison.transfer**2 @ comparison.spectra
    expected = usual * np.maximum(predicted, 0)
    return seen, expected, np.sqrt(own + usual**2 * shared + expected)


def stray_row(
    names: tuple[str, str], found: np.ndarray, imager: xr.Dataset
) -> CheckRow:
    """Return the figure: how many channels, and in the advice which ones.

    Parameters
    ----------
    names : (str, str)
        Imager and spectrometer.
    found : (group,) array
        As `stray_groups` returns it.
    imager : Dataset
    """
    n_channels = imager.sizes["channel"]
    stray = channels_of(found != 1, n_channels)
    ratios = channel_groups(n_channels).T @ found
    runs = ", ".join(runs_of_channels(stray, ratios, imager["channel_edges"].values))
    advice = (
        f"Channels of {names[0]} far from what {names[1]} and all others make "
        f"expected: {runs or 'none'}. Leave them out with a mask, or look for what "
        "contaminates them."
    )
    return CheckRow(
        *names, "stray channels", float(stray.sum()), 0.0, 0.0, 0.5, "1", advice
    )


def channels_of(groups: np.ndarray, n_channels: int) -> np.ndarray:
    """Return which channels (channel,) are in any of some groups, (group,)."""
    return np.asarray(channel_groups(n_channels).T @ groups > 0)


def runs_of_channels(
    stray: np.ndarray, ratios: np.ndarray, edges: np.ndarray
) -> Iterator[str]:
    """Yield every run of stray channels, as text.

    Parameters
    ----------
    stray : (channel,) bool array
    ratios : (channel,) array
        Counts over those expected.
    edges : (channel + 1,) array, keV
    """
    ends = np.flatnonzero(np.diff(stray.astype(int), prepend=0, append=0))
    for first, after in ends.reshape(-1, 2):
        times = float(np.median(ratios[first:after]))
        numbers = f"{first}" if after == first + 1 else f"{first} to {after - 1}"
        yield (
            f"{numbers} ({edges[first]:.4g} to {edges[after]:.4g} keV, "
            f"{times:.2g} times the counts)"
        )
