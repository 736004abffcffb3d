"""What can be wrong with an imager's counts, done to a sky whose truth is known."""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import scipy.ndimage
import xarray as xr

from hifred.selection.thinning import thin, with_counts

# A contaminated channel has this many times the counts.
CONTAMINATION = 20
SHIFT_PIXELS = 2
# A point source that the spectrometer does not see, as a share of all counts.
POINT_SHARE = 0.02
FEWER = 100
SEED = 5

Imager = Callable[[np.ndarray, np.random.Generator], np.ndarray]
Observations = Mapping[str, xr.Dataset]


def featureless(counts: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the spectrum of all pixels in each of them, (channel, y, x)."""
    means = counts.mean(axis=(1, 2), keepdims=True)
    return rng.poisson(np.broadcast_to(means, counts.shape))


def shifted(counts: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return counts moved along x, as light beside the field is not known: around."""
    return np.roll(counts, SHIFT_PIXELS, axis=2)


def contaminated(
    counts: np.ndarray,
    rng: np.random.Generator,
    *,
    n_channels: int,
    is_flat: bool = False,
) -> np.ndarray:
    """Return counts with channels in mid-band that are much too bright.

    Parameters
    ----------
    counts : (channel, y, x) array
    rng : numpy.random.Generator
    n_channels : int
    is_flat : bool
        Whether their light is spread evenly, or lies as that of the sky.
    """
    first = (len(counts) - n_channels) // 2
    band = slice(first, first + n_channels)
    spread = counts[band].mean(axis=(1, 2), keepdims=True) if is_flat else counts[band]
    out = counts.copy()
    out[band] = rng.poisson(CONTAMINATION * np.broadcast_to(spread, counts[band].shape))
    return out


def with_point(
    counts: np.ndarray, rng: np.random.Generator, *, sigma: float
) -> np.ndarray:
    """Return counts with a source of flat spectrum in one pixel, blurred by `sigma`."""
    image = np.zeros(counts.shape[1:])
    n_rows, n_columns = image.shape
    image[n_rows // 3, n_columns // 3] = 1
    image = scipy.ndimage.gaussian_filter(image, sigma)
    added = POINT_SHARE * counts.sum() / len(counts) * image / image.sum()
    return counts + rng.poisson(np.broadcast_to(added, counts.shape))


def brighter(counts: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return counts of an exposure many times as long as told."""
    return rng.poisson(CONTAMINATION * counts)


IMAGER: dict[str, Imager] = {
    "featureless": featureless,
    "shift": shifted,
    "bright channel": partial(contaminated, n_channels=1),
    "bright band": partial(contaminated, n_channels=5),
    "flat light in a channel": partial(contaminated, n_channels=1, is_flat=True),
    "flat light in a band": partial(contaminated, n_channels=5, is_flat=True),
    "point source": partial(with_point, sigma=1.0),
    "bright pixel": partial(with_point, sigma=0.0),
    "too bright": brighter,
}
FEW_COUNTS = "few counts"
DISTORTIONS = (*IMAGER, FEW_COUNTS)


def distorted(observations: Observations, name: str) -> dict[str, xr.Dataset]:
    """Return observations of which one thing is not as it is told, or weaker ones.

    Parameters
    ----------
    observations : mapping of str to Dataset
        With an instrument ``imager``.
    name : str
        One of `DISTORTIONS`.
    """
    rng = np.random.default_rng(SEED)
    if name == FEW_COUNTS:
        return thin(observations, 1 / FEWER, rng)[1]
    imager = observations["imager"]
    counts = IMAGER[name](imager["counts"].to_numpy().astype(np.int64), rng)
    return {**observations, "imager": with_counts(imager, counts)}
