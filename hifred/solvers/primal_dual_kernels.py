"""Compiled loops of the primal-dual solver; each works on one slice."""

import numpy as np
from numba import njit


@njit(nogil=True, cache=True)
def move_cube(  # type: ignore[no-untyped-def]
    cube, gradient, more, step, rate, relaxation, ahead, start, stop
):
    """Step down, clip at zero, relax `cube` in place; write ``2 clipped - cube``.

    The slope is `gradient`, plus `more` unless that is empty.
    """
    for i in range(start, stop):
        old, slope = cube[i], gradient[i]
        if more.size > 0:
            slope += more[i]
        clipped = max(old - rate * step[i] * slope, type(old)(0))
        ahead[i] = 2 * clipped - old
        cube[i] = old + relaxation * (clipped - old)


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
