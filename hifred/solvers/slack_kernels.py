"""Compiled loops over positive quantities; each works on some blocks of entries.

Written without branches, so that they become vector code: where a multiplier is zero
the entry is unconstrained, and what was computed for it is dropped.
"""

import numpy as np

from hifred.compiling import njit

# Entries are worked on in blocks of this many, each with sums of its own: the sums
# are then the same for any number of threads.
BLOCK = 1 << 14

# Maxima and sums are vector code only where their order is free and no value is NaN;
# one that is reaches the cost through `move`, and is found there.
ANY_ORDER = {"reassoc", "nsz", "nnan"}


@njit(nogil=True, cache=True, error_model="numpy", fastmath=ANY_ORDER)
def _sum_products(value, multiplier):  # type: ignore[no-untyped-def]
    total = 0.0
    for i in range(value.size):
        total += np.float64(value[i]) * np.float64(multiplier[i])
    return total


@njit(nogil=True, cache=True)
def product(value, multiplier, sums, start, stop):  # type: ignore[no-untyped-def]
    """Write the sum of value times multiplier of every block."""
    for block in range(start, stop):
        some = slice(block * BLOCK, (block + 1) * BLOCK)
        sums[block, 0] = _sum_products(value[some], multiplier[some])


@njit(nogil=True, cache=True, error_model="numpy")
def weight(value, multiplier, out, start, stop):  # type: ignore[no-untyped-def]
    """Write multiplier / value."""
    for i in range(start, stop):
        ratio = multiplier[i] / value[i]
        out[i] = ratio if multiplier[i] > 0 else 0


@njit(nogil=True, cache=True)
def _block_of(target, spare, block):  # type: ignore[no-untyped-def]
    """Return the targets of a block; `spare` holds the only one there is, repeated."""
    if target.size == 1:
        return spare
    return target[block * BLOCK : (block + 1) * BLOCK]


@njit(nogil=True, cache=True, error_model="numpy", fastmath=ANY_ORDER)
def _descents(value, multiplier, change, dual_change):  # type: ignore[no-untyped-def]
    """Return the fastest relative descent of the values and of the multipliers."""
    zero = value.dtype.type(0)
    primal, dual = zero, zero
    for i in range(value.size):
        used = multiplier[i] > 0
        one, other = -change[i] / value[i], -dual_change[i] / multiplier[i]
        primal = max(primal, one if used else zero)
        dual = max(dual, other if used else zero)
    return primal, dual


@njit(nogil=True, cache=True, error_model="numpy")
def _affine(value, multiplier, target, change, out):  # type: ignore[no-untyped-def]
    """Write the multipliers' change towards level zero."""
    for i in range(value.size):
        z, y = value[i], multiplier[i]
        dy = (target[i] - y * change[i]) / z - y
        out[i] = dy if y > 0 else 0


@njit(nogil=True, cache=True)
def predict(value, multiplier, target, change, sums, start, stop):  # type: ignore[no-untyped-def]
    """Write the fastest descent of a step to level zero, and sums of its products."""
    spare, room = np.full(BLOCK, target[0]), np.empty(BLOCK, value.dtype)
    for block in range(start, stop):
        some = slice(block * BLOCK, (block + 1) * BLOCK)
        z, y, dz = value[some], multiplier[some], change[some]
        dy = room[: z.size]
        _affine(z, y, _block_of(target, spare, block), dz, dy)
        sums[block, 0] = max(_descents(z, y, dz, dy))
        sums[block, 1] = _sum_products(z, y)
        sums[block, 2] = _sum_products(dz, dy)


@njit(nogil=True, cache=True, error_model="numpy")
def _correct_block(value, multiplier, target, change, level, out):  # type: ignore[no-untyped-def]
    for i in range(value.size):
        z, y, dz = value[i], multiplier[i], change[i]
        dy = (target[i] - y * dz) / z - y
        corrected = (target[i] + level - dz * dy) / z
        out[i] = corrected if y > 0 else 0


@njit(nogil=True, cache=True)
def correct(value, multiplier, target, change, level, out, start, stop):  # type: ignore[no-untyped-def]
    """Write (target + level - second-order change) / value."""
    spare = np.full(BLOCK, target[0])
    for block in range(start, stop):
        some = slice(block * BLOCK, (block + 1) * BLOCK)
        targets = _block_of(target, spare, block)
        _correct_block(
            value[some], multiplier[some], targets, change[some], level, out[some]
        )


@njit(nogil=True, cache=True, error_model="numpy")
def _dual_changes(value, multiplier, change, corrected, out):  # type: ignore[no-untyped-def]
    for i in range(value.size):
        z, y = value[i], multiplier[i]
        dy = corrected[i] - y - y * change[i] / z
        out[i] = dy if y > 0 else 0


@njit(nogil=True, cache=True)
def fastest(value, multiplier, change, corrected, sums, start, stop):  # type: ignore[no-untyped-def]
    """Write the fastest relative descents of every block."""
    room = np.empty(BLOCK, value.dtype)
    for block in range(start, stop):
        some = slice(block * BLOCK, (block + 1) * BLOCK)
        z, y, dz = value[some], multiplier[some], change[some]
        dy = room[: z.size]
        _dual_changes(z, y, dz, corrected[some], dy)
        sums[block, 0], sums[block, 1] = _descents(z, y, dz, dy)


@njit(nogil=True, cache=True, error_model="numpy")
def move(  # type: ignore[no-untyped-def]
    value,
    multiplier,
    change,
    corrected,
    steps,
    next_value,
    next_multiplier,
    start,
    stop,
):
    """Write value and multiplier after the two steps."""
    primal, dual = steps[0], steps[1]
    for i in range(start, stop):
        z, y, dz = value[i], multiplier[i], change[i]
        next_value[i] = z + primal * dz
        dy = corrected[i] - y - y * dz / z
        next_multiplier[i] = y + dual * (dy if y > 0 else 0 * y)
