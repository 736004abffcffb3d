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
def first_plane_of_spectra(cube, row, plane, start, stop):  # type: ignore[no-untyped-def]
    """First fine plane along axis 0 of the columns `start` to `stop`."""
    far = cube.dtype.type(B3_FAR)
    near = cube.dtype.type(B3_NEAR)
    other = cube.dtype.type(1 - B3_CENTRE)
    for e in range(cube.shape[0]):
        a, b, c, d = row[0, e], row[1, e], row[2, e], row[3, e]
        for k in range(start, stop):
            plane[e, k] = (
                other * cube[e, k]
                - near * (cube[b, k] + cube[c, k])
                - far * (cube[a, k] + cube[d, k])
            )


@njit(nogil=True, cache=True)
def _subtract_clipped_row(kept, smooth, bound, out):  # type: ignore[no-untyped-def]
    """Clip one row of coefficients; return the sum of what exceeds the bound."""
    excess = 0.0
    for k in range(out.shape[0]):
        coefficient = kept[k] - smooth[k]
        clipped = min(max(coefficient, -bound[k]), bound[k])
        out[k] -= clipped
        excess += abs(coefficient - clipped)
    return excess


@njit(nogil=True, cache=True)
def subtract_clipped_spectra(fine, rows, threshold, out, excess, start, stop):  # type: ignore[no-untyped-def]
    """Take the clipped fine-fine coefficients of columns `start` to `stop` from `out`.

    `fine` (scale, n, k) are the fine planes of the 2-D transform; `threshold`
    is (1, 1) or (n, k); `excess` (tile) receives the sum of the magnitudes that
    are left. The coefficients themselves are never stored.
    """
    n_scales, n_energies = rows.shape[0], out.shape[0]
    varies = threshold.size > 1
    tile = np.zeros((n_energies, PIXELS_PER_TILE), out.dtype)
    smooth = np.empty_like(tile)
    bound = np.full(PIXELS_PER_TILE, threshold[0, 0])
    for left in range(start, stop, PIXELS_PER_TILE):
        right = min(left + PIXELS_PER_TILE, stop)
        for plane in range(fine.shape[0]):
            for e in range(n_energies):
                tile[e, : right - left] = fine[plane, e, left:right]
            for j in range(n_scales):
                smooth_rows(tile, rows[j], smooth)
                for e in range(n_energies):
                    if varies:
                        bound[: right - left] = threshold[e, left:right]
                    excess[left // PIXELS_PER_TILE] += _subtract_clipped_row(
                        tile[e], smooth[e], bound, out[e, left:right]
                    )
                tile, smooth = smooth, tile


@njit(nogil=True, cache=True)
def _move_dual_row(dual, kept, smooth, step, factor, weight, relaxation):  # type: ignore[no-untyped-def]
    for k in range(dual.shape[0]):
        bound = weight * factor[k]
        moved = dual[k] + step[k] * (kept[k] - smooth[k])
        clipped = min(max(moved, -bound), bound)
        dual[k] += relaxation * (clipped - dual[k])


@njit(nogil=True, cache=True)
def _merge_tile(planes, rows, tile, smooth):  # type: ignore[no-untyped-def]
    """Write the adjoint of the fine planes (scale, n, k) of one tile to `tile`."""
    tile[:] = 0
    for back in range(rows.shape[0]):
        j = rows.shape[0] - 1 - back
        for e in range(tile.shape[0]):
            for k in range(tile.shape[1]):
                tile[e, k] -= planes[j, e, k]
        smooth_rows(tile, rows[j], smooth)
        for e in range(tile.shape[0]):
            for k in range(tile.shape[1]):
                tile[e, k] = smooth[e, k] + planes[j, e, k]


@njit(nogil=True, cache=True)
def _load_tile(cube, left, right, tile):  # type: ignore[no-untyped-def]
    for e in range(cube.shape[0]):
        tile[e, : right - left] = cube[e, left:right]


@njit(nogil=True, cache=True)
def move_dual_spectra(  # type: ignore[no-untyped-def]
    fine, rows, dual, step, weights, strength, relaxation, start, stop
):
    """Step in the dual of the weighted l1 norm; leave the adjoint in `fine`.

    `fine` (scale, n, k) are fine planes of the 2-D transform, `step` and `strength`
    (n, k), `weights` (scale, scale) times `strength` the bounds. `dual` (tile, scale,
    scale, n, pixel of tile) holds one number per fine-fine coefficient, tile after
    tile: rows of one cube would be a page apart.
    """
    n_energies = fine.shape[1]
    tile = np.zeros((n_energies, PIXELS_PER_TILE), fine.dtype)
    smooth, steps, factors = tile.copy(), tile.copy(), tile.copy()
    for left in range(start, stop, PIXELS_PER_TILE):
        right = min(left + PIXELS_PER_TILE, stop)
        duals = dual[left // PIXELS_PER_TILE]
        _load_tile(step, left, right, steps)
        _load_tile(strength, left, right, factors)
        for plane in range(fine.shape[0]):
            _load_tile(fine[plane], left, right, tile)
            for j in range(rows.shape[0]):
                smooth_rows(tile, rows[j], smooth)
                for e in range(n_energies):
                    _move_dual_row(
                        duals[plane, j, e],
                        tile[e],
                        smooth[e],
                        steps[e],
                        factors[e],
                        weights[plane, j],
                        relaxation,
                    )
                tile, smooth = smooth, tile
            _merge_tile(duals[plane], rows, tile, smooth)
            for e in range(n_energies):
                fine[plane, e, left:right] = tile[e, : right - left]


@njit(nogil=True, cache=True)
def sum_magnitudes(fine, rows, strength, sums, start, stop):  # type: ignore[no-untyped-def]
    """Add the magnitudes of the fine-fine coefficients times `strength`.

    `sums` (tile, scale, scale) receives the sums of the columns of each tile.
    """
    n_scales, n_energies = rows.shape[0], fine.shape[1]
    varies = strength.size > 1
    tile = np.zeros((n_energies, PIXELS_PER_TILE), fine.dtype)
    smooth = np.empty_like(tile)
    factor = np.full(PIXELS_PER_TILE, strength[0, 0])
    for left in range(start, stop, PIXELS_PER_TILE):
        right = min(left + PIXELS_PER_TILE, stop)
        width = right - left
        for plane in range(fine.shape[0]):
            for e in range(n_energies):
                tile[e, :width] = fine[plane, e, left:right]
            for j in range(n_scales):
                smooth_rows(tile, rows[j], smooth)
                total = 0.0
                for e in range(n_energies):
                    if varies:
                        factor[:width] = strength[e, left:right]
                    for k in range(width):
                        total += factor[k] * abs(tile[e, k] - smooth[e, k])
                sums[left // PIXELS_PER_TILE, plane, j] += total
                tile, smooth = smooth, tile
