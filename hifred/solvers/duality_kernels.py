"""Compiled sums and maxima of the certificates; each works on some energies."""

import numpy as np
from numba import njit


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
def find_excess(seen, data, penalty, rounding, excess, start, stop):  # type: ignore[no-untyped-def]
    """Raise `excess` to each energy's largest ``(seen - data) / (seen + penalty)``.

    Infinite where what is allowed is below zero, or zero where anything is gathered;
    both but for the `rounding`. An empty `penalty` is zero.
    """
    for e in range(start, stop):
        for k in range(seen.shape[1]):
            gathered = seen[e, k] - data[e, k]
            allowed = _slope(seen, penalty, e, k)
            if allowed < -rounding:
                excess[e] = np.inf
            elif gathered > rounding:
                found = gathered / allowed if allowed > 0 else np.inf
                excess[e] = max(excess[e], np.float64(found))
