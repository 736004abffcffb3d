"""Exact median and median absolute deviation by selection inside a bracket."""

import numpy as np

GAUSSIAN_MAD = 0.6745  # median |z| of a unit normal
PUBLISHED_MAD = 0.6735  # the published code's rounding of it, for comparisons

_SAMPLE = 20_000


def _bracket(values: np.ndarray) -> tuple[float, float]:
    """Return two values that almost surely hold the median, from a sparse sample."""
    sample = np.sort(values[:: max(1, values.size // _SAMPLE)])
    reach = 4 * int(np.sqrt(sample.size)) + 1
    middle = sample.size // 2
    low = sample[max(middle - reach, 0)]
    high = sample[min(middle + reach, sample.size - 1)]
    return low, high


def exact_median(values: np.ndarray) -> float:
    """Return the median, as ``numpy.median`` does, in about two passes.

    Parameters
    ----------
    values : array
        Finite, at least one entry.
    """
    flat = values.ravel()
    low, high = _bracket(flat)
    n_below = int(np.count_nonzero(flat < low))
    inside = flat[(flat >= low) & (flat <= high)]
    first, second = (flat.size - 1) // 2 - n_below, flat.size // 2 - n_below
    if first < 0 or second >= inside.size:  # the sample misled
        return float(np.median(flat))
    chosen = np.partition(inside, (first, second))
    return float((float(chosen[first]) + float(chosen[second])) / 2)


def median_absolute_deviation(
    values: np.ndarray, gaussian_mad: float = GAUSSIAN_MAD
) -> float:
    """Return the noise standard deviation ``median |z - median z| / gaussian_mad``."""
    deviation = np.abs(values - values.dtype.type(exact_median(values)))
    return exact_median(deviation) / gaussian_mad
