"""Compiled loops over the negative voxels of a cube, and over counts.

Each works on some pixels of the cube, or on some channels of the counts.
"""

import numpy as np

from hifred.compiling import njit
from hifred.solvers.slack_kernels import ANY_ORDER
from hifred.transforms.image_kernels import CONTRACT


@njit(nogil=True, cache=True)
def _gather(spectrum, basis, values, spectra):  # type: ignore[no-untyped-def]
    """Write the negative values and the basis there; return how many there are."""
    n = 0
    for e in range(spectrum.size):
        if spectrum[e] < 0:
            values[n] = spectrum[e]
            for c in range(len(basis)):
                spectra[c, n] = basis[c, e]
            n += 1
    return n


@njit(nogil=True, cache=True, fastmath=ANY_ORDER | CONTRACT)
def _product(first, second):  # type: ignore[no-untyped-def]
    total = np.float32(0)
    for k in range(first.size):
        total += first[k] * second[k]
    return total


@njit(nogil=True, cache=True)
def write_bends(cube, basis, stiffness, slopes, blocks, start, stop):  # type: ignore[no-untyped-def]
    """Write slopes (pixel, component) and curvature (pixel, component, component)."""
    values, spectra = np.empty_like(cube[0]), np.empty_like(basis)
    for p in range(start, stop):
        n = _gather(cube[p], basis, values, spectra)
        for c in range(len(basis)):
            slopes[p, c] = stiffness[p] * _product(spectra[c, :n], values[:n])
            for other in range(c + 1):
                bend = stiffness[p] * _product(spectra[c, :n], spectra[other, :n])
                blocks[p, c, other] = blocks[p, other, c] = bend


@njit(nogil=True, cache=True, fastmath=ANY_ORDER | CONTRACT)
def _slope_along(spectrum, change, length):  # type: ignore[no-untyped-def]
    zero = spectrum.dtype.type(0)
    total = zero
    for e in range(spectrum.size):
        total += min(spectrum[e] + length * change[e], zero) * change[e]
    return total


@njit(nogil=True, cache=True)
def write_slopes_along(cube, change, length, slopes, start, stop):  # type: ignore[no-untyped-def]
    """Write every pixel's slope along a change, at some length of it."""
    for p in range(start, stop):
        slopes[p] = _slope_along(cube[p], change[p], length)


@njit(nogil=True, cache=True)
def write_ratios(counts, expected, counted, slopes, weights, start, stop):  # type: ignore[no-untyped-def]
    """Write slope and curvature of the likelihood at every (channel, pixel)."""
    for c in range(start, stop):
        for p in range(counts.shape[1]):
            slopes[c, p], weights[c, p] = 1, 0
            if counted[c, p]:
                ratio = counts[c, p] / expected[c, p]
                slopes[c, p], weights[c, p] = 1 - ratio, ratio / expected[c, p]


@njit(nogil=True, cache=True)
def write_count_slopes(  # type: ignore[no-untyped-def]
    counts, expected, counted, used, change, length, slopes, start, stop
):
    """Write every channel's slope along a change of what is expected."""
    for c in range(start, stop):
        slopes[c] = 0
        for p in range(counts.shape[1]):
            if counted[c, p]:
                moved = expected[c, p] + length * change[c, p]
                slopes[c] += (1 - counts[c, p] / moved) * change[c, p]
            elif used[c, p]:
                slopes[c] += change[c, p]


@njit(nogil=True, cache=True)
def write_descents(counts, expected, counted, change, descents, start, stop):  # type: ignore[no-untyped-def]
    """Write the fastest relative fall of every channel, where there are counts."""
    for c in range(start, stop):
        descents[c] = 0
        for p in range(counts.shape[1]):
            if counted[c, p] and counts[c, p] > 0:
                descents[c] = max(descents[c], -change[c, p] / expected[c, p])
