"""Compiled starlet of flattened images: the fine planes only, as vector code."""

import numpy as np

from hifred.compiling import njit
from hifred.transforms.starlet_kernels import B3_CENTRE, B3_FAR, B3_NEAR

CONTRACT = {"contract"}  # a product and a sum may be one instruction


@njit(nogil=True, cache=True, fastmath=CONTRACT)
def blend(far_before, before, middle, after, far_after, out):  # type: ignore[no-untyped-def]
    """Write the B3 blend of five arrays of one length."""
    kind = out.dtype.type
    centre, near, far = kind(B3_CENTRE), kind(B3_NEAR), kind(B3_FAR)
    for k in range(out.size):
        out[k] = (
            centre * middle[k]
            + near * (before[k] + after[k])
            + far * (far_before[k] + far_after[k])
        )


@njit(nogil=True, cache=True)
def _blend_inside(image, shift, out):  # type: ignore[no-untyped-def]
    """Blend a flat image with itself shifted, as far as two shifts stay inside."""
    n = image.size - 4 * shift
    if n > 0:
        blend(
            *(image[:n], image[shift : shift + n], image[2 * shift : 2 * shift + n]),
            *(image[3 * shift : 3 * shift + n], image[4 * shift :]),
            out[2 * shift : 2 * shift + n],
        )


@njit(nogil=True, cache=True)
def _blend_columns(image, table, hole, out):  # type: ignore[no-untyped-def]
    """Blend along x: as if rows went on in the next one, then the edges again."""
    _blend_inside(image, hole, out)
    kind = image.dtype.type
    centre, near, far = kind(B3_CENTRE), kind(B3_NEAR), kind(B3_FAR)
    n_columns = table.shape[1]
    inner = min(2 * hole, n_columns)
    n_edges = inner + n_columns - max(n_columns - 2 * hole, inner)
    for edge in range(n_edges):
        k = edge if edge < inner else n_columns - n_edges + edge
        a, b, c, d = table[0, k], table[1, k], table[2, k], table[3, k]
        for row in range(0, image.size, n_columns):
            out[row + k] = (
                centre * image[row + k]
                + near * (image[row + b] + image[row + c])
                + far * (image[row + a] + image[row + d])
            )


@njit(nogil=True, cache=True)
def _blend_rows(image, table, hole, n_columns, out):  # type: ignore[no-untyped-def]
    """Blend along y: the inner rows at once, then the edges."""
    _blend_inside(image, hole * n_columns, out)
    rows, blended = image.reshape(-1, n_columns), out.reshape(-1, n_columns)
    inner = min(2 * hole, len(rows))
    n_edges = inner + len(rows) - max(len(rows) - 2 * hole, inner)
    for edge in range(n_edges):
        i = edge if edge < inner else len(rows) - n_edges + edge
        a, b, c, d = table[0, i], table[1, i], table[2, i], table[3, i]
        blend(rows[a], rows[b], rows[i], rows[c], rows[d], blended[i])


@njit(nogil=True, cache=True)
def _subtract(left, right, out):  # type: ignore[no-untyped-def]
    for k in range(out.size):
        out[k] = left[k] - right[k]


@njit(nogil=True, cache=True)
def image_room(image):  # type: ignore[no-untyped-def]
    """Return the room that `split_image` and `merge_image` need for flat images."""
    return np.zeros((4, image.size), image.dtype)


@njit(nogil=True, cache=True)
def split_image(image, rows, columns, room, fine, e):  # type: ignore[no-untyped-def]
    """Write the fine planes of one flat image into `fine` (scale, n, k) at `e`."""
    n_columns, scratch, smooth = columns.shape[2], room[0], room[1:3]
    for j in range(rows.shape[0]):
        _blend_columns(image, columns[j], 2**j, scratch)
        _blend_rows(scratch, rows[j], 2**j, n_columns, smooth[j % 2])
        _subtract(image, smooth[j % 2], fine[j, e])
        image = smooth[j % 2]


@njit(nogil=True, cache=True)
def split_fine(cube, rows, columns, fine, start, stop):  # type: ignore[no-untyped-def]
    """Write the fine planes of the images `start` to `stop` of a flat (n, k) cube."""
    room = image_room(cube[0])
    for e in range(start, stop):
        split_image(cube[e], rows, columns, room, fine, e)


@njit(nogil=True, cache=True)
def add_planes(smooth, sign, plane, finer):  # type: ignore[no-untyped-def]
    """Change `smooth` in place to ``sign smooth + plane - finer``."""
    factor = smooth.dtype.type(sign)
    for k in range(smooth.size):
        smooth[k] = factor * smooth[k] + plane[k] - finer[k]


@njit(nogil=True, cache=True)
def merge_image(fine, e, rows, columns, room, image):  # type: ignore[no-untyped-def]
    """Transpose of `split_image`: every smoothing matrix is symmetric."""
    n_scales, n_columns = rows.shape[0], columns.shape[2]
    scratch, nothing = room[0], room[3]
    smooth = fine[n_scales - 1, e]
    for back in range(n_scales):
        j = n_scales - 1 - back
        _blend_columns(smooth, columns[j], 2**j, scratch)
        _blend_rows(scratch, rows[j], 2**j, n_columns, image)
        finer = fine[j - 1, e] if j > 0 else nothing
        add_planes(image, -1 if back == 0 else 1, fine[j, e], finer)
        smooth = image


@njit(nogil=True, cache=True)
def merge_fine(fine, rows, columns, cube, start, stop):  # type: ignore[no-untyped-def]
    """Transpose of `split_fine`."""
    room = image_room(cube[0])
    for e in range(start, stop):
        merge_image(fine, e, rows, columns, room, cube[e])
