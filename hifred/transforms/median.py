"""Exact median and median absolute deviation by selection inside a bracket."""

import numpy as np

from hifred.compiling import njit
from hifred.threads import in_slices

GAUSSIAN_MAD = 0.6745  # median |z| of a unit normal
PUBLISHED_MAD = 0.6735  # the published code's rounding of it, for comparisons

_SAMPLE = 20_000
_PER_PART = 65_536


@njit(nogil=True, cache=True)
def _gather(values, centre, folded, low, high, below, held, inside, start, stop):  # type: ignore[no-untyped-def]
    """Count what lies below the bracket, and copy what lies inside, part by part.

    Of the distances from `centre` if `folded`, else of the values.
    """
    for part in range(start, stop):
        some = values[part * _PER_PART : (part + 1) * _PER_PART]
        gathered = inside[part * _PER_PART : (part + 1) * _PER_PART]
        n_below, n_inside = 0, 0
        for i in range(some.size):
            value = abs(some[i] - centre) if folded else some[i]
            n_below += value < low
            # Written in any case: a branch that nobody can predict costs far more.
            gathered[n_inside] = value
            n_inside += (value >= low) & (value <= high)
        below[part], held[part] = n_below, n_inside


def _bracket(sample: np.ndarray) -> tuple[float, float]:
    """Return two values that almost surely hold the median, from a sparse sample."""
    sample = np.sort(sample)
    reach = 3 * int(np.sqrt(sample.size)) + 1  # six standard deviations
    middle = sample.size // 2
    low = sample[max(middle - reach, 0)]
    high = sample[min(middle + reach, sample.size - 1)]
    return low, high


def _median(flat: np.ndarray, centre: float | None) -> float:
    """Return the median of the values, or of their distances from `centre`."""
    folded, middle = centre is not None, flat.dtype.type(centre or 0)
    sample = flat[:: max(1, flat.size // _SAMPLE)]
    low, high = _bracket(np.abs(sample - middle) if folded else sample)
    n_parts = -(-flat.size // _PER_PART)
    below, held = np.zeros((2, n_parts), np.int64)
    inside = np.empty_like(flat)
    in_slices(_gather, n_parts, flat, middle, folded, low, high, below, held, inside)
    ranks = np.array([(flat.size - 1) // 2, flat.size // 2]) - below.sum()
    if ranks[0] < 0 or ranks[1] >= held.sum():  # the sample misled
        return float(np.median(np.abs(flat - middle) if folded else flat))
    parts = [inside[i * _PER_PART :][:n] for i, n in enumerate(held)]
    chosen = np.partition(np.concatenate(parts), ranks)[ranks]
    return float((float(chosen[0]) + float(chosen[1])) / 2)


def exact_median(values: np.ndarray) -> float:
    """Return the median, as ``numpy.median`` does, in about one pass.

    Parameters
    ----------
    values : array
        Finite, at least one entry.
    """
    return _median(np.ravel(values), None)


def median_absolute_deviation(
    values: np.ndarray, gaussian_mad: float = GAUSSIAN_MAD
) -> float:
    """Return the noise standard deviation ``median |z - median z| / gaussian_mad``."""
    flat = np.ravel(values)
    return _median(flat, _median(flat, None)) / gaussian_mad
