"""Products with, and inverses of, one small symmetric block per pixel, compiled.

Of blocks (n, n, pixel) only the upper triangles are read.
"""

import numpy as np

from hifred.compiling import njit
from hifred.transforms.image_kernels import CONTRACT

PIXELS_AT_ONCE = 256  # their images and products stay in the caches


@njit(nogil=True, cache=True, fastmath=CONTRACT)
def _add_products(block, image, out):  # type: ignore[no-untyped-def]
    for p in range(out.size):
        out[p] += block[p] * image[p]


@njit(nogil=True, cache=True, fastmath=CONTRACT)
def _add_mirrored(block, image, other, out, other_out):  # type: ignore[no-untyped-def]
    """Add what a block off the diagonal gives to both of its images."""
    for p in range(block.size):
        out[p] += block[p] * other[p]
        other_out[p] += block[p] * image[p]


@njit(nogil=True, cache=True)
def write_block_products(blocks, images, out):  # type: ignore[no-untyped-def]
    """Write every pixel's block (n, n, pixel) times its images (n, pixel).

    Half the memory, which is what takes the time, is enough.
    """
    n, n_pixels = images.shape
    for left in range(0, n_pixels, PIXELS_AT_ONCE):
        some = slice(left, min(left + PIXELS_AT_ONCE, n_pixels))
        for i in range(n):
            out[i, some] = 0
        for i in range(n):
            image, total = images[i, some], out[i, some]
            _add_products(blocks[i, i, some], image, total)
            for j in range(i + 1, n):
                other, other_total = images[j, some], out[j, some]
                _add_mirrored(blocks[i, j, some], image, other, total, other_total)


@njit(nogil=True, cache=True, fastmath=CONTRACT)
def _subtract_products(first, second, out):  # type: ignore[no-untyped-def]
    for p in range(out.size):
        out[p] -= first[p] * second[p]


@njit(nogil=True, cache=True)
def _sweep(blocks, k, row):  # type: ignore[no-untyped-def]
    """Sweep the upper triangles of positive blocks at one of their rows."""
    n = len(blocks)
    for i in range(n):
        row[i] = blocks[min(i, k), max(i, k)]
    blocks[k, k] = -1 / row[k]
    for i in range(n):
        if i == k:
            continue
        scaled = -row[i] * blocks[k, k]
        for j in range(i, n):
            if j != k:
                _subtract_products(scaled, row[j], blocks[i, j])
        blocks[min(i, k), max(i, k)] = scaled


@njit(nogil=True, cache=True)
def write_block_inverses(blocks, out, start, stop):  # type: ignore[no-untyped-def]
    """Write the inverses (n, n, pixel) of positive definite blocks, upper triangles.

    By the sweep operator (Goodnight 1979), of many pixels at once: after a sweep at
    every row a matrix is its inverse with the opposite sign.
    """
    n = len(blocks)
    for left in range(start, stop, PIXELS_AT_ONCE):
        some = slice(left, min(left + PIXELS_AT_ONCE, stop))
        swept = np.ascontiguousarray(blocks[:, :, some])
        row = np.empty_like(swept[0])
        for k in range(n):
            _sweep(swept, k, row)
        for i in range(n):
            for j in range(i, n):
                out[i, j, some] = -swept[i, j]
