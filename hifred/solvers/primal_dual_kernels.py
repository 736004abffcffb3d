"""Compiled loops of the primal-dual solver; each works on one slice."""

import numpy as np
from numba import njit


@njit(nogil=True, cache=True)
def move_cube(cube, gradient, step, relaxation, ahead, start, stop):  # type: ignore[no-untyped-def]
    """Step down, clip at zero, relax `cube` in place; write ``2 clipped - cube``."""
    for i in range(start, stop):
        old = cube[i]
        clipped = max(old - step[i] * gradient[i], type(old)(0))
        ahead[i] = 2 * clipped - old
        cube[i] = old + relaxation * (clipped - old)


@njit(nogil=True, cache=True)
def move_ratio(  # type: ignore[no-untyped-def]
    dual, expected, counts, step, relaxation, start, stop
):
    r"""Proximal step of the conjugate of the Poisson divergence, in place.

    With ``q = 1 - dual - step expected`` the new ``1 - dual`` is the positive root of
    ``r^2 - q r - step counts = 0``; a `step` of zero marks a voxel that is not used.
    """
    for i in range(start, stop):
        old, s = dual[i], step[i]
        if s > 0:
            q = 1 - old - s * expected[i]
            product = s * counts[i]
            root = np.sqrt(q * q + 4 * product)
            # Two forms of one root: each loses no digits where it is used.
            ratio = (q + root) / 2 if q > 0 else 2 * product / max(root - q, 1e-30)
            dual[i] = old + relaxation * ((1 - ratio) - old)
