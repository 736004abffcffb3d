"""Compiled loops of the 2D-1D l1 norm; each works on a range of energies.

They go row after row along energy and keep, of each scale, the last few rows only,
which stay in the cache. A row is a long loop over a few contiguous arrays: compilers
turn that into vector code, and memory is read in long stretches.
"""

import numpy as np

from hifred.compiling import njit
from hifred.transforms.block_sum import block_sum
from hifred.transforms.image_kernels import CONTRACT, add_planes, blend
from hifred.transforms.spectrum_kernels import is_wanted, lag

PIXELS_PER_BLOCK = 2048


@njit(nogil=True, cache=True)
def _room(n_scales, like):  # type: ignore[no-untyped-def]
    """Return room (scale, row, pixel) for the rows that are still needed."""
    return np.empty((n_scales, 2 ** (n_scales + 1) + 1, PIXELS_PER_BLOCK), like.dtype)


@njit(nogil=True, cache=True)
def _place(i, hole):  # type: ignore[no-untyped-def]
    """Return where row `i` is kept for a blend with this hole; zero for none."""
    return i % (4 * hole + 1)


@njit(nogil=True, cache=True)
def _row(whole, kept, scale, i, hole, left, width):  # type: ignore[no-untyped-def]
    """Return row `i` of what a blend with this hole reads: `whole` at scale 0."""
    if scale == 0:
        return whole[i, left : left + width]
    return kept[scale - 1, _place(i, hole), :width]


@njit(nogil=True, cache=True)
def _smooth(whole, kept, scale, table, i, hole, left, out):  # type: ignore[no-untyped-def]
    width = out.size
    blend(
        _row(whole, kept, scale, table[0, i], hole, left, width),
        _row(whole, kept, scale, table[1, i], hole, left, width),
        _row(whole, kept, scale, i, hole, left, width),
        _row(whole, kept, scale, table[2, i], hole, left, width),
        _row(whole, kept, scale, table[3, i], hole, left, width),
        out,
    )


@njit(nogil=True, cache=True)
def _next_hole(j, n_scales):  # type: ignore[no-untyped-def]
    return 2 ** (j + 1) if j + 1 < n_scales else 0


@njit(nogil=True, cache=True)
def _write_smaller(first, second, out):  # type: ignore[no-untyped-def]
    for k in range(out.size):
        out[k] = first[k] if first[k] < second[k] else second[k]


@njit(nogil=True, cache=True)
def _write_factors(strength, weight, i, left, out):  # type: ignore[no-untyped-def]
    """Write `weight` times the strength of every pixel, or of all if there is one."""
    if strength.size == 1:
        out[:] = weight * strength[0, 0]
    else:
        for k in range(out.size):
            out[k] = weight * strength[i, left + k]


@njit(nogil=True, cache=True, fastmath=CONTRACT)
def _move_row(upper, lower, step, rate, bounds, relaxation, dual):  # type: ignore[no-untyped-def]
    for k in range(dual.size):
        moved = dual[k] + rate * step[k] * (upper[k] - lower[k])
        bound = bounds[k]
        above = moved if moved > -bound else -bound
        clipped = above if above < bound else bound
        dual[k] += relaxation * (clipped - dual[k])


@njit(nogil=True, cache=True)
def _move_rows(  # type: ignore[no-untyped-def]
    fine,
    step,
    tables,
    rate,
    weights,
    strength,
    relaxation,
    dual,
    rooms,
    bounds,
    left,
    newest,
    start,
    stop,
):
    """Move the multipliers that the rows up to `newest` allow, one row a scale."""
    n, n_scales, width = len(fine), len(tables), bounds.size
    (smooth, wider), last = rooms, lag(n_scales)
    for j in range(n_scales):
        i, hole = newest - lag(j + 1), 2**j
        if not is_wanted(i, last - lag(j + 1), start, stop, n):
            continue
        place = _place(i, _next_hole(j, n_scales))
        upper = _row(fine, smooth, j, i, hole, left, width)
        lower, around = smooth[j, place, :width], wider[j, place, :width]
        _smooth(fine, smooth, j, tables[j], i, hole, left, lower)
        _write_smaller(
            _row(step, wider, j, tables[j, 1, i], hole, left, width),
            _row(step, wider, j, tables[j, 2, i], hole, left, width),
            around,
        )
        if start <= i < stop:
            _write_factors(strength, weights[j], i, left, bounds)
            moved = dual[j, i, left : left + width]
            _move_row(upper, lower, around, rate, bounds, relaxation, moved)


@njit(nogil=True, cache=True)
def _gather_rows(  # type: ignore[no-untyped-def]
    dual, tables, fine, kept, nothing, left, newest, start, stop
):
    """Write the row of `fine` that the multipliers of the rows to `newest` allow."""
    (n_scales, n), width = dual.shape[:2], nothing.size
    right = left + width
    for back in range(n_scales):
        j = n_scales - 1 - back
        i, hole = newest - lag(n_scales) + lag(j), 2**j
        if not is_wanted(i, lag(j), start, stop, n):
            continue
        out, finer = fine[i, left:right], nothing
        if j > 0:
            out, finer = (
                kept[back, _place(i, hole // 2), :width],
                dual[j - 1, i, left:right],
            )
        _smooth(dual[-1], kept, back, tables[j], i, hole, left, out)
        add_planes(out, -1 if back == 0 else 1, dual[j, i, left:right], finer)


@njit(nogil=True, cache=True)
def move_dual(  # type: ignore[no-untyped-def]
    fine, step, tables, rate, weights, strength, relaxation, dual, start, stop
):
    """Step in the dual of the weighted l1 norm; gather what that allows.

    `fine` (plane, n, k) are fine planes of the 2-D transform, `step` (plane, n, k) the
    steps, here widened from scale to scale along energy to the smallest around;
    `strength` is (1, 1) or (n, k); `weights` (plane, scale) times `strength` are the
    bounds; `dual` is (plane, scale, n, k).

    What `write_adjoint` would write takes the place of `fine`, but near an end of the
    range that is not one of the cube: `lag` rows from there the next range reads
    `fine`, and moves multipliers. What is overwritten of a row has been read before.
    """
    n_scales, n = dual.shape[1:3]
    last = lag(n_scales)
    first, beyond = start + last if start > 0 else 0, stop - last if stop < n else n
    rooms = _room(n_scales, fine), _room(n_scales, fine)
    kept, rows = _room(n_scales, fine), np.zeros((2, PIXELS_PER_BLOCK), fine.dtype)
    for left in range(0, fine.shape[2], PIXELS_PER_BLOCK):
        width = min(PIXELS_PER_BLOCK, fine.shape[2] - left)
        nothing, bounds = rows[0, :width], rows[1, :width]
        for plane in range(len(fine)):
            some, gathered = dual[plane], fine[plane]
            for newest in range(max(0, start - last), beyond + 2 * last):
                _move_rows(
                    *(gathered, step[plane], tables, rate, weights[plane], strength),
                    *(relaxation, some, rooms, bounds, left, newest, start, stop),
                )
                _gather_rows(
                    *(some, tables, gathered, kept, nothing, left, newest - last),
                    *(first, beyond),
                )


@njit(nogil=True, cache=True)
def write_adjoint(dual, tables, fine, start, stop):  # type: ignore[no-untyped-def]
    r"""Write the adjoint of `dual` (plane, scale, n, k) to `fine` (plane, n, k).

    Every smoothing matrix is symmetric, so that it goes from the widest scale to the
    finest: :math:`t_j = S_j t_{j+1} + u_j - u_{j-1}`, from minus the last ``u``.
    """
    last = lag(len(tables))
    kept, room = _room(len(tables), fine), np.zeros(PIXELS_PER_BLOCK, fine.dtype)
    for left in range(0, fine.shape[2], PIXELS_PER_BLOCK):
        nothing = room[: fine.shape[2] - left]
        for plane in range(len(fine)):
            for newest in range(max(0, start - last), stop + last):
                _gather_rows(
                    *(dual[plane], tables, fine[plane], kept, nothing, left, newest),
                    *(start, stop),
                )


@njit(nogil=True, cache=True)
def _write_magnitudes(upper, lower, factors, out):  # type: ignore[no-untyped-def]
    for k in range(out.size):
        out[k] = factors[k] * abs(upper[k] - lower[k])


@njit(nogil=True, cache=True)
def _sum_block(fine, tables, strength, kept, sums, left, start, stop):  # type: ignore[no-untyped-def]
    n, n_scales = len(fine), len(tables)
    width, last = min(PIXELS_PER_BLOCK, fine.shape[1] - left), lag(n_scales)
    factors = np.empty(width, fine.dtype)
    magnitudes = np.empty_like(factors)
    for newest in range(max(0, start - last), stop + last):
        for j in range(n_scales):
            i, hole = newest - lag(j + 1), 2**j
            if not is_wanted(i, last - lag(j + 1), start, stop, n):
                continue
            lower = kept[j, _place(i, _next_hole(j, n_scales)), :width]
            _smooth(fine, kept, j, tables[j], i, hole, left, lower)
            if start <= i < stop:
                upper = _row(fine, kept, j, i, hole, left, width)
                _write_factors(strength, 1, i, left, factors)
                _write_magnitudes(upper, lower, factors, magnitudes)
                sums[i, j] += block_sum(magnitudes)


@njit(nogil=True, cache=True)
def sum_magnitudes(fine, tables, strength, sums, start, stop):  # type: ignore[no-untyped-def]
    """Add the magnitudes of the fine-fine coefficients times `strength`.

    `sums` (plane, n, scale) receives the sums over each energy.
    """
    room = _room(len(tables), fine)
    for left in range(0, fine.shape[2], PIXELS_PER_BLOCK):
        for plane in range(len(fine)):
            _sum_block(
                *(fine[plane], tables, strength, room, sums[plane], left, start, stop)
            )
