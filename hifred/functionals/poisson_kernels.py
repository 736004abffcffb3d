"""Compiled loops of the Poisson divergence; each works on one slice."""

import numpy as np
from numba import njit

VOXELS_PER_PART = 8192  # sums of parts do not depend on the number of threads


@njit(nogil=True, cache=True, inline="always")
def _divergence(d, m, floor):  # type: ignore[no-untyped-def]
    # The parabola begins at the floor; without counts the formula holds down to 0.
    edge = floor if d > 0 else d
    above = edge if m < edge else m
    term = above
    if d > 0:
        term = above - d + d * np.log(d / above)
    if m < edge:
        below, one = m - edge, type(m)(1)
        curvature = max(d, one) / (floor * floor)
        term += below * (one - d / floor + below * curvature / type(m)(2))
    return term


@njit(nogil=True, cache=True)
def sum_divergence(counts, expected, used, floor, sums, start, stop):  # type: ignore[no-untyped-def]
    """Write the divergence of the parts `start` to `stop` of the voxels to `sums`.

    `used` is a mask of the voxels, or empty when every one is used; `floor` has the
    precision of the arrays. What is not finite in `expected` stays so in the sums.
    """
    for part in range(start, stop):
        first = part * VOXELS_PER_PART
        total = 0.0
        for i in range(first, min(first + VOXELS_PER_PART, counts.size)):
            if used.size == 0 or used[i]:
                total += _divergence(counts[i], expected[i], floor)
        sums[part] = total


@njit(nogil=True, cache=True)
def write_slope(counts, expected, used, floor, slope, start, stop):  # type: ignore[no-untyped-def]
    """Write the derivative of the divergence; zero where a voxel is not used."""
    for i in range(start, stop):
        d, m = counts[i], expected[i]
        one = type(m)(1)
        found = one - d / (floor if m < floor else m)
        edge = floor if d > 0 else d
        if m < edge:
            found += (m - edge) * (max(d, one) / (floor * floor))
        slope[i] = found
        if used.size > 0 and not used[i]:
            slope[i] = type(m)(0)
