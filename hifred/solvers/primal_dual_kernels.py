"""Compiled loops of the primal-dual solver; each works on one slice."""

import numpy as np

from hifred.compiling import njit
from hifred.transforms.image_kernels import image_room, merge_image, split_image


@njit(nogil=True, cache=True)
def _add(row, total):  # type: ignore[no-untyped-def]
    for k in range(total.size):
        total[k] += row[k]


@njit(nogil=True, cache=True)
def _move_row(row, slope, step, rate, relaxation, ahead):  # type: ignore[no-untyped-def]
    nothing = row.dtype.type(0)
    for k in range(row.size):
        old = row[k]
        clipped = max(old - rate * step[k] * slope[k], nothing)
        ahead[k] = 2 * clipped - old
        row[k] = old + relaxation * (clipped - old)


@njit(nogil=True, cache=True)
def move_cube(  # type: ignore[no-untyped-def]
    cube, slopes, planes, tables, step, rate, relaxation, ahead, start, stop
):
    """Step down, clip at zero, relax `cube` in place; write ``2 clipped - cube``.

    The slope is the sum of `slopes` (n, k) and of what merges from the fine `planes`
    (scale, n, k) of images, if there are any; those of `ahead` take their place.
    """
    (rows, columns), room = tables, image_room(cube[0])
    slope, merged = np.empty_like(cube[0]), np.empty_like(cube[0])
    for e in range(start, stop):
        slope[:] = 0
        for part in slopes:
            _add(part[e], slope)
        if len(planes) > 0:
            merge_image(planes, e, rows, columns, room, merged)
            _add(merged, slope)
        _move_row(cube[e], slope, step[e], rate, relaxation, ahead[e])
        if len(planes) > 0:
            split_image(ahead[e], rows, columns, room, planes, e)


@njit(nogil=True, cache=True, error_model="numpy")
def move_ratio(  # type: ignore[no-untyped-def]
    dual, expected, counts, step, rate, relaxation, start, stop
):
    r"""Proximal step of the conjugate of the Poisson divergence, in place.

    With ``s = rate step`` and ``q = 1 - dual - s expected`` the new ``1 - dual`` is the
    positive root of ``r^2 - q r - s counts = 0``; a `step` of zero marks a voxel that
    is not used.
    """
    kind = dual.dtype.type
    one, two, four, least = kind(1), kind(2), kind(4), kind(1e-30)
    for i in range(start, stop):
        length = rate * step[i]
        q = one - dual[i] - length * expected[i]
        product = length * counts[i]
        root = np.sqrt(q * q + four * product)
        # Two forms of one root: each loses no digits where it is used.
        above, below = (q + root) / two, two * product / max(root - q, least)
        change = one - (above if q > 0 else below) - dual[i]
        dual[i] += relaxation * (change if step[i] > 0 else kind(0))
