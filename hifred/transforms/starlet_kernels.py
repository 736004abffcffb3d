"""Compiled loops of the starlet transforms; each works on one slice of a cube."""

import numpy as np

from hifred.compiling import njit

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
