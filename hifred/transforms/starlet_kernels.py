"""Compiled loops of the starlet transforms; each works on one slice of a cube."""

import numpy as np
from numba import njit

B3_CENTRE, B3_NEAR, B3_FAR = 6 / 16, 4 / 16, 1 / 16
PIXELS_PER_TILE = 32  # 32 spectra of 2400 float32 energies fit the second-level cache


def neighbours(length: int, n_scales: int) -> np.ndarray:
    """Return the half-sample symmetric neighbours of every sample, scale by scale.

    Returns
    -------
    (scale, 4, length) int array
        Indices of the samples 2h before, h before, h after and 2h after, with
        ``h = 2**scale``, reflected as often as it takes.
    """
    offsets = np.array([-2, -1, 1, 2])[:, None]
    table = np.empty((n_scales, 4, length), np.int64)
    for scale in range(n_scales):
        index = np.mod(np.arange(length) + offsets * 2**scale, 2 * length)
        table[scale] = np.where(index < length, index, 2 * length - 1 - index)
    return table


@njit(nogil=True, cache=True, inline="always")
def _blend(out, source, row, before, near_before, near_after, after):  # type: ignore[no-untyped-def]
    centre = source.dtype.type(B3_CENTRE)
    near = source.dtype.type(B3_NEAR)
    far = source.dtype.type(B3_FAR)
    for k in range(source.shape[1]):
        out[row, k] = (
            centre * source[row, k]
            + near * (source[near_before, k] + source[near_after, k])
            + far * (source[before, k] + source[after, k])
        )


@njit(nogil=True, cache=True)
def smooth_rows(source, table, out):  # type: ignore[no-untyped-def]
    """Blend every row of (n, k) `source` with its neighbours into `out`."""
    for i in range(source.shape[0]):
        _blend(out, source, i, table[0, i], table[1, i], table[2, i], table[3, i])


@njit(nogil=True, cache=True)
def smooth_columns(source, table, hole, out):  # type: ignore[no-untyped-def]
    """Blend every column of (n, k) `source` with its neighbours into `out`."""
    centre = source.dtype.type(B3_CENTRE)
    near = source.dtype.type(B3_NEAR)
    far = source.dtype.type(B3_FAR)
    n_columns = source.shape[1]
    inner = min(2 * hole, n_columns)
    outer = max(n_columns - 2 * hole, inner)
    for i in range(source.shape[0]):
        # Slices, and loops from zero: negative indices would forbid vector code.
        middle, result = source[i, inner:], out[i, inner:]
        before, after = source[i, inner - hole :], source[i, inner + hole :]
        far_before = source[i, inner - 2 * hole :]
        far_after = source[i, inner + 2 * hole :]
        for k in range(outer - inner):
            result[k] = (
                centre * middle[k]
                + near * (before[k] + after[k])
                + far * (far_before[k] + far_after[k])
            )
        for edge in range(inner + n_columns - outer):
            k = edge if edge < inner else outer + edge - inner
            out[i, k] = (
                centre * source[i, k]
                + near * (source[i, table[1, k]] + source[i, table[2, k]])
                + far * (source[i, table[0, k]] + source[i, table[3, k]])
            )


@njit(nogil=True, cache=True)
def smooth_image(image, rows, columns, hole, scratch, out):  # type: ignore[no-untyped-def]
    """Blend along both axes of one image."""
    smooth_columns(image, columns, hole, scratch)
    smooth_rows(scratch, rows, out)


@njit(nogil=True, cache=True)
def split_images(cube, rows, columns, planes, coarse, start, stop):  # type: ignore[no-untyped-def]
    """2-D starlet of the images `start` to `stop` of `cube`."""
    n_scales = rows.shape[0]
    scratch = np.empty_like(cube[0])
    smooth = np.empty_like(cube[0])
    for e in range(start, stop):
        coarse[e] = cube[e]
        for j in range(n_scales):
            smooth_image(coarse[e], rows[j], columns[j], 2**j, scratch, smooth)
            for i in range(smooth.shape[0]):
                for k in range(smooth.shape[1]):
                    planes[j, e, i, k] = coarse[e, i, k] - smooth[i, k]
                    coarse[e, i, k] = smooth[i, k]


@njit(nogil=True, cache=True)
def merge_images(planes, coarse, rows, columns, cube, start, stop):  # type: ignore[no-untyped-def]
    """Transpose of `split_images`: every smoothing matrix is symmetric."""
    n_scales = rows.shape[0]
    scratch = np.empty_like(cube[0])
    smooth = np.empty_like(cube[0])
    for e in range(start, stop):
        cube[e] = coarse[e]
        for step in range(n_scales):
            j = n_scales - 1 - step
            cube[e] -= planes[j, e]
            smooth_image(cube[e], rows[j], columns[j], 2**j, scratch, smooth)
            for i in range(smooth.shape[0]):
                for k in range(smooth.shape[1]):
                    cube[e, i, k] = smooth[i, k] + planes[j, e, i, k]


@njit(nogil=True, cache=True)
def split_spectra(cube, rows, planes, coarse, start, stop):  # type: ignore[no-untyped-def]
    """1-D starlet along axis 0 of the columns `start` to `stop` of (n, k) `cube`."""
    n_scales, n_energies = rows.shape[0], cube.shape[0]
    tile = np.zeros((n_energies, PIXELS_PER_TILE), cube.dtype)
    smooth = np.empty_like(tile)
    for left in range(start, stop, PIXELS_PER_TILE):
        right = min(left + PIXELS_PER_TILE, stop)
        width = right - left
        for e in range(n_energies):
            tile[e, :width] = cube[e, left:right]
        for j in range(n_scales):
            smooth_rows(tile, rows[j], smooth)
            for e in range(n_energies):
                planes[j, e, left:right] = tile[e, :width] - smooth[e, :width]
            tile, smooth = smooth, tile
        for e in range(n_energies):
            coarse[e, left:right] = tile[e, :width]


@njit(nogil=True, cache=True)
def merge_spectra(planes, coarse, rows, cube, start, stop):  # type: ignore[no-untyped-def]
    """Transpose of `split_spectra`."""
    n_scales, n_energies = rows.shape[0], cube.shape[0]
    tile = np.zeros((n_energies, PIXELS_PER_TILE), cube.dtype)
    smooth = np.empty_like(tile)
    for left in range(start, stop, PIXELS_PER_TILE):
        right = min(left + PIXELS_PER_TILE, stop)
        width = right - left
        for e in range(n_energies):
            tile[e, :width] = coarse[e, left:right]
        for step in range(n_scales):
            j = n_scales - 1 - step
            for e in range(n_energies):
                tile[e, :width] -= planes[j, e, left:right]
            smooth_rows(tile, rows[j], smooth)
            for e in range(n_energies):
                tile[e, :width] = smooth[e, :width] + planes[j, e, left:right]
        for e in range(n_energies):
            cube[e, left:right] = tile[e, :width]


@njit(nogil=True, cache=True)
def _load_tile(cube, left, right, tile):  # type: ignore[no-untyped-def]
    for e in range(cube.shape[0]):
        for k in range(right - left):
            tile[e, k] = cube[e, left + k]


@njit(nogil=True, cache=True)
def _store_tile(tile, left, right, cube):  # type: ignore[no-untyped-def]
    for e in range(cube.shape[0]):
        for k in range(right - left):
            cube[e, left + k] = tile[e, k]


@njit(nogil=True, cache=True)
def _load_factors(factors, left, right, tile):  # type: ignore[no-untyped-def]
    """Load a factor per voxel, or the only one there is into one row."""
    if factors.size > 1:
        _load_tile(factors, left, right, tile)
    else:
        tile[0] = factors[0, 0]


@njit(nogil=True, cache=True)
def _widen_tile(steps, table, wider):  # type: ignore[no-untyped-def]
    """Write the smaller of the two entries one hole before and after to `wider`."""
    for e in range(steps.shape[0]):
        before, after = table[1, e], table[2, e]
        for k in range(PIXELS_PER_TILE):
            wider[e, k] = min(steps[before, k], steps[after, k])


@njit(nogil=True, cache=True)
def _move_tile(tile, table, step, rate, factors, weight, relaxation, smooth, dual):  # type: ignore[no-untyped-def]
    kind = tile.dtype.type
    centre, near, far = kind(B3_CENTRE), kind(B3_NEAR), kind(B3_FAR)
    for e in range(tile.shape[0]):
        a, b, c, d = table[0, e], table[1, e], table[2, e], table[3, e]
        row = e if factors.shape[0] > 1 else 0
        for k in range(PIXELS_PER_TILE):
            smooth[e, k] = (
                centre * tile[e, k]
                + near * (tile[b, k] + tile[c, k])
                + far * (tile[a, k] + tile[d, k])
            )
            bound = weight * factors[row, k]
            moved = dual[e, k] + rate * step[e, k] * (tile[e, k] - smooth[e, k])
            clipped = min(max(moved, -bound), bound)
            dual[e, k] += relaxation * (clipped - dual[e, k])


@njit(nogil=True, cache=True)
def _merge_step(tile, table, plane, next_plane, out):  # type: ignore[no-untyped-def]
    """Write the smoothed `tile` plus one plane less the next finer one to `out`."""
    kind = tile.dtype.type
    centre, near, far = kind(B3_CENTRE), kind(B3_NEAR), kind(B3_FAR)
    for e in range(tile.shape[0]):
        a, b, c, d = table[0, e], table[1, e], table[2, e], table[3, e]
        for k in range(PIXELS_PER_TILE):
            smooth = (
                centre * tile[e, k]
                + near * (tile[b, k] + tile[c, k])
                + far * (tile[a, k] + tile[d, k])
            )
            out[e, k] = smooth + plane[e, k] - next_plane[e, k]


@njit(nogil=True, cache=True)
def _merge_tile(planes, rows, tile, other, nothing):  # type: ignore[no-untyped-def]
    """Return the adjoint of the fine planes (scale, n, k) of one tile, and a spare."""
    last = rows.shape[0] - 1
    for e in range(tile.shape[0]):
        for k in range(PIXELS_PER_TILE):
            tile[e, k] = -planes[last, e, k]
    for back in range(rows.shape[0]):
        j = last - back
        finer = planes[j - 1] if j > 0 else nothing
        _merge_step(tile, rows[j], planes[j], finer, other)
        tile, other = other, tile
    return tile, other


@njit(nogil=True, cache=True)
def move_dual_spectra(  # type: ignore[no-untyped-def]
    fine, rows, dual, step, rate, weights, strength, relaxation, start, stop
):
    """Step in the dual of the weighted l1 norm; leave the adjoint in `fine`.

    `fine` (scale, n, k) are fine planes of the 2-D transform, `step` (scale, n, k) the
    steps, here widened from scale to scale along energy to the smallest around;
    `strength` is (1, 1) or (n, k); `weights` (scale, scale) times `strength` are the
    bounds. `dual` (tile, scale, scale, n, pixel of tile) holds one number per
    fine-fine coefficient, tile after tile: rows of one cube would be a page apart.
    """
    tile = np.zeros((fine.shape[1], PIXELS_PER_TILE), fine.dtype)
    smooth, nothing = np.zeros_like(tile), np.zeros_like(tile)
    steps, wider = np.zeros_like(tile), np.zeros_like(tile)
    factors = np.zeros((strength.shape[0], PIXELS_PER_TILE), fine.dtype)
    for left in range(start, stop, PIXELS_PER_TILE):
        right = min(left + PIXELS_PER_TILE, stop)
        duals = dual[left // PIXELS_PER_TILE]
        _load_factors(strength, left, right, factors)
        for plane in range(fine.shape[0]):
            _load_tile(fine[plane], left, right, tile)
            _load_tile(step[plane], left, right, steps)
            for j in range(rows.shape[0]):
                _widen_tile(steps, rows[j], wider)
                steps, wider = wider, steps
                _move_tile(
                    *(tile, rows[j], steps, rate, factors, weights[plane, j]),
                    *(relaxation, smooth, duals[plane, j]),
                )
                tile, smooth = smooth, tile
            tile, smooth = _merge_tile(duals[plane], rows, tile, smooth, nothing)
            _store_tile(tile, left, right, fine[plane])


@njit(nogil=True, cache=True)
def _add_magnitudes(tile, smooth, factors, sums):  # type: ignore[no-untyped-def]
    for e in range(tile.shape[0]):
        row = e if factors.shape[0] > 1 else 0
        for k in range(PIXELS_PER_TILE):
            sums[k] += factors[row, k] * abs(tile[e, k] - smooth[e, k])


@njit(nogil=True, cache=True)
def sum_magnitudes(fine, rows, strength, sums, start, stop):  # type: ignore[no-untyped-def]
    """Add the magnitudes of the fine-fine coefficients times `strength`.

    `sums` (tile, scale, scale) receives the sums of the columns of each tile.
    """
    tile = np.zeros((fine.shape[1], PIXELS_PER_TILE), fine.dtype)
    smooth = np.zeros_like(tile)
    factors = np.zeros((strength.shape[0], PIXELS_PER_TILE), fine.dtype)
    for left in range(start, stop, PIXELS_PER_TILE):
        right = min(left + PIXELS_PER_TILE, stop)
        _load_factors(strength, left, right, factors)
        for plane in range(fine.shape[0]):
            _load_tile(fine[plane], left, right, tile)
            for j in range(rows.shape[0]):
                smooth_rows(tile, rows[j], smooth)
                columns = np.zeros(PIXELS_PER_TILE)
                _add_magnitudes(tile, smooth, factors, columns)
                total = columns[: right - left].sum()
                sums[left // PIXELS_PER_TILE, plane, j] += total
                tile, smooth = smooth, tile
