"""Compiled sums and maxima of the certificates; each works on some energies."""

import numpy as np

from hifred.compiling import njit
from hifred.functionals.logarithm import write_logarithms


@njit(nogil=True, cache=True)
def _slope(data, penalty, e, k):  # type: ignore[no-untyped-def]
    return data[e, k] + penalty[e, k] if penalty.size else data[e, k]


@njit(nogil=True, cache=True, fastmath={"reassoc", "nsz", "contract"})
def sum_missed(cube, data, penalty, sums, start, stop):  # type: ignore[no-untyped-def]
    """Write each energy's sum of ``Z [data + penalty]_+`` and of ``Z penalty``.

    An empty `penalty` is zero.
    """
    for e in range(start, stop):
        missed, paid = 0.0, 0.0
        for k in range(cube.shape[1]):
            z, slope = np.float64(cube[e, k]), np.float64(_slope(data, penalty, e, k))
            missed += z * (slope if slope > 0 else 0.0)
            if penalty.size:
                paid += z * np.float64(penalty[e, k])
        sums[e, 0], sums[e, 1] = missed, paid


@njit(nogil=True, cache=True, error_model="numpy")
def _write_excess(seen, data, penalty, rounding, out):  # type: ignore[no-untyped-def]
    zero, infinity = out.dtype.type(0), out.dtype.type(np.inf)
    for k in range(out.size):
        gathered, allowed = seen[k] - data[k], seen[k] + penalty[k]
        ratio = gathered / allowed if allowed > 0 else infinity
        refused = infinity if allowed < -rounding else zero
        out[k] = ratio if gathered > rounding else refused


@njit(nogil=True, cache=True)
def find_excess(seen, data, penalty, rounding, excess, start, stop):  # type: ignore[no-untyped-def]
    """Raise `excess` to each energy's largest ``(seen - data) / (seen + penalty)``.

    Infinite where what is allowed is below zero, or zero where anything is gathered;
    both but for the `rounding`. An empty `penalty` is zero.
    """
    ratios, nothing = np.empty_like(seen[0]), np.zeros_like(seen[0])
    for e in range(start, stop):
        more = penalty[e] if penalty.size else nothing
        _write_excess(seen[e], data[e], more, rounding, ratios)
        excess[e] = max(excess[e], ratios.max())


@njit(nogil=True, cache=True, error_model="numpy")
def sum_bounds(counts, dual, background, used, worst, sums, start, stop):  # type: ignore[no-untyped-def]
    """Write each channel's sum of ``d ln r + b (1 - r)``, ``r = (1 - dual) / worst``.

    Arrays are (channel, pixel); an empty `background` is zero, an empty `used` True.
    Minus infinity where a ratio with counts is not above zero.
    """
    room = np.empty((3, counts.shape[1]))
    ratios, exponents, logarithms = room[0], room[1], room[2]
    for c in range(start, stop):
        lowered, total = np.log(worst[c]), 0.0
        for k in range(ratios.size):
            ratios[k] = 1 - np.float64(dual[c, k]) if counts[c, k] > 0 else 1.0
        write_logarithms(ratios, exponents, logarithms)
        for k in range(ratios.size):
            if used.size and not used[c, k]:
                continue
            if counts[c, k] > 0:
                bound = counts[c, k] * (logarithms[k] - lowered)
                total += bound if ratios[k] > 0 else -np.inf
            if background.size:
                total += background[c, k] * (1 - (1 - dual[c, k]) / worst[c])
        sums[c] = total
