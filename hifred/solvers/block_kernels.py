"""The product with one small symmetric block per pixel, compiled."""

from hifred.compiling import njit
from hifred.transforms.image_kernels import CONTRACT

PIXELS_AT_ONCE = 256  # their images and products stay in the first-level cache


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

    Only the upper triangles are read: half the memory, which is what takes the time.
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
