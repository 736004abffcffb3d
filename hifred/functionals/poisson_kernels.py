"""Compiled loops of the Poisson divergence; each works on one slice.

Without branches, and on blocks that stay in the cache, so that they are vector code.
"""

import numpy as np

from hifred.compiling import njit
from hifred.functionals.logarithm import write_logarithms
from hifred.transforms.block_sum import block_sum

VOXELS_PER_PART = 8192  # sums of parts do not depend on the number of threads
BLOCK = 512


@njit(nogil=True, cache=True, error_model="numpy")
def _write_ratios(counts, expected, floor, out):  # type: ignore[no-untyped-def]
    """Write count / expected count; 1, whose logarithm is 0, without counts."""
    for i in range(counts.size):
        d, m = counts[i], expected[i]
        ratio = d / (floor if m < floor else m)
        out[i] = ratio if d > 0 else out.dtype.type(1)


@njit(nogil=True, cache=True, error_model="numpy")
def _write_terms(counts, expected, floor, terms):  # type: ignore[no-untyped-def]
    """Replace the logarithms of the ratios in `terms` by the divergences."""
    kind = terms.dtype.type
    one, half, zero = kind(1), kind(0.5), kind(0)
    for i in range(counts.size):
        d, m = counts[i], expected[i]
        # The parabola begins at the floor; without counts the formula holds down to 0.
        edge = floor if d > 0 else zero
        above = edge if m < edge else m
        below = m - edge if m < edge else zero
        curvature = max(d, one) / (floor * floor)
        parabola = below * (one - d / floor + below * curvature * half)
        terms[i] = above - d + d * terms[i] + parabola


@njit(nogil=True, cache=True)
def _drop(values, used):  # type: ignore[no-untyped-def]
    for i in range(used.size):
        values[i] = values[i] if used[i] else values.dtype.type(0)


@njit(nogil=True, cache=True)
def sum_divergence(counts, expected, used, floor, sums, start, stop):  # type: ignore[no-untyped-def]
    """Write the divergence of the parts `start` to `stop` of the voxels to `sums`.

    `used` is a mask of the voxels, or empty when every one is used; `floor` has the
    precision of the arrays. What is not finite in `expected` stays so in the sums.
    """
    room = np.empty(BLOCK, counts.dtype)
    ratios, exponents, terms = room, room.copy(), room.copy()
    for part in range(start, stop):
        end = min((part + 1) * VOXELS_PER_PART, counts.size)
        for first in range(part * VOXELS_PER_PART, end, BLOCK):
            n = min(BLOCK, end - first)
            d, m = counts[first : first + n], expected[first : first + n]
            _write_ratios(d, m, floor, ratios[:n])
            write_logarithms(ratios[:n], exponents[:n], terms[:n])
            _write_terms(d, m, floor, terms[:n])
            _drop(terms[:n], used[first : first + n])
            sums[part] += block_sum(terms[:n])


@njit(nogil=True, cache=True, error_model="numpy")
def _write_slopes(counts, expected, floor, out):  # type: ignore[no-untyped-def]
    kind = out.dtype.type
    one, zero = kind(1), kind(0)
    for i in range(out.size):
        d, m = counts[i], expected[i]
        edge = floor if d > 0 else zero
        below = m - edge if m < edge else zero
        curvature = max(d, one) / (floor * floor)
        out[i] = one - d / (floor if m < floor else m) + below * curvature


@njit(nogil=True, cache=True)
def write_slope(counts, expected, used, floor, slope, start, stop):  # type: ignore[no-untyped-def]
    """Write the derivative of the divergence; zero where a voxel is not used."""
    some = slice(start, stop)
    _write_slopes(counts[some], expected[some], floor, slope[some])
    _drop(slope[some], used[some])
