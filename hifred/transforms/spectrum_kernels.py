"""Compiled starlet along energy, row after row of a flat (energy, pixel) cube.

A row of all pixels is a long loop, and only the last few rows of every scale are kept.
"""

import numpy as np

from hifred.compiling import njit
from hifred.transforms.block_sum import block_sum
from hifred.transforms.image_kernels import CONTRACT, blend
from hifred.transforms.starlet_kernels import B3_CENTRE, B3_FAR, B3_NEAR


@njit(nogil=True, cache=True, fastmath=CONTRACT)
def _fine(far_before, before, middle, after, far_after, out):  # type: ignore[no-untyped-def]
    kind = out.dtype.type
    other, near, far = kind(1 - B3_CENTRE), kind(B3_NEAR), kind(B3_FAR)
    for k in range(out.size):
        out[k] = (
            other * middle[k]
            - near * (before[k] + after[k])
            - far * (far_before[k] + far_after[k])
        )


@njit(nogil=True, cache=True)
def write_first_plane(cube, table, plane, start, stop):  # type: ignore[no-untyped-def]
    """Write the first fine plane along axis 0 of the rows `start` to `stop`."""
    for e in range(start, stop):
        a, b, c, d = table[0, e], table[1, e], table[2, e], table[3, e]
        _fine(cube[a], cube[b], cube[e], cube[c], cube[d], plane[e])


@njit(nogil=True, cache=True)
def lag(scale):  # type: ignore[no-untyped-def]
    """Return how many rows further a smooth row of this scale reaches."""
    return 2 * (2**scale - 1)


@njit(nogil=True, cache=True)
def is_wanted(i, reach, start, stop, n):  # type: ignore[no-untyped-def]
    """Say whether the results `start` to `stop` of `n` need row `i`."""
    return max(0, start - reach) <= i < min(n, stop + reach)


@njit(nogil=True, cache=True)
def _smooth_row(source, table, i, depth, out):  # type: ignore[no-untyped-def]
    """Blend row `i` with its neighbours; the rows of `source` are used in turn."""
    a, b, c, d = table[0, i], table[1, i], table[2, i], table[3, i]
    blend(
        *(source[a % depth], source[b % depth], source[i % depth]),
        *(source[c % depth], source[d % depth], out),
    )


@njit(nogil=True, cache=True)
def _advance(fine, tables, rings, newest, start, stop):  # type: ignore[no-untyped-def]
    """Smooth, scale by scale, as far as the rows up to `newest` allow.

    `rings` (scale, row, k) hold the smooth rows of `fine` that are still needed for
    the results `start` to `stop`.
    """
    n, (n_scales, depth) = len(fine), rings.shape[:2]
    last = lag(n_scales)
    for j in range(1, n_scales + 1):
        i = newest - lag(j)
        if is_wanted(i, last - lag(j), start, stop, n):
            if j == 1:
                _smooth_row(fine, tables[0], i, n, rings[0, i % depth])
            else:
                smooth = rings[j - 1, i % depth]
                _smooth_row(rings[j - 2], tables[j - 1], i, depth, smooth)


@njit(nogil=True, cache=True, fastmath=CONTRACT)
def _clip_row(upper, lower, bounds, out, excess):  # type: ignore[no-untyped-def]
    """Take the clipped difference from `out`, add what is left of it to `excess`."""
    for k in range(out.size):
        difference = upper[k] - lower[k]
        bound = bounds[k]
        above = difference if difference > -bound else -bound
        inside = above if above < bound else bound
        out[k] -= inside
        excess[k] += abs(difference - inside)


@njit(nogil=True, cache=True)
def _rings(n_planes, tables, cube):  # type: ignore[no-untyped-def]
    n_scales = len(tables)
    depth = 2 ** (n_scales + 1) + 1
    return np.empty((n_planes, n_scales, depth, cube.shape[1]), cube.dtype)


@njit(nogil=True, cache=True)
def _clip_scales(fine, rings, e, bounds, out, excess):  # type: ignore[no-untyped-def]
    upper = fine
    for j in range(len(rings)):
        lower = rings[j, e % rings.shape[1]]
        _clip_row(upper, lower, bounds, out, excess)
        upper = lower


@njit(nogil=True, cache=True)
def subtract_clipped(cube, fine, tables, threshold, out, excess, start, stop):  # type: ignore[no-untyped-def]
    """Write the rows `start` to `stop` of `cube` less its clipped coefficients.

    `fine` (scale, n, k) are the fine planes of the 2-D transform; `threshold` is
    (1, 1) or (n, k); `excess` (n) receives the sum of the magnitudes that are left.
    The coefficients themselves are never stored.
    """
    last, rings = lag(len(tables)), _rings(len(fine), tables, out)
    left, bounds = np.empty_like(out[0]), np.full_like(out[0], threshold[0, 0])
    for newest in range(max(0, start - last), stop + last):
        for plane in range(len(fine)):
            _advance(fine[plane], tables, rings[plane], newest, start, stop)
        e = newest - last
        if e >= start:
            out[e], left[:] = cube[e], 0
            bounds = threshold[e] if len(threshold) > 1 else bounds
            for plane in range(len(fine)):
                _clip_scales(fine[plane, e], rings[plane], e, bounds, out[e], left)
            excess[e] = block_sum(left)


@njit(nogil=True, cache=True)
def write_coarse(cube, tables, out, start, stop):  # type: ignore[no-untyped-def]
    """Write the coarse plane along axis 0 of the rows `start` to `stop`."""
    last, rings = lag(len(tables)), _rings(1, tables, out)[0]
    for newest in range(max(0, start - last), stop + last):
        _advance(cube, tables, rings, newest, start, stop)
        if newest - last >= start:
            out[newest - last] = rings[-1, (newest - last) % rings.shape[1]]
