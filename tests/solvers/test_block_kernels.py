"""Products with small symmetric blocks."""

import numpy as np
import pytest

from hifred.solvers.block_kernels import PIXELS_AT_ONCE, write_block_products


@pytest.mark.parametrize("n", [1, 2, 7])
@pytest.mark.parametrize("n_pixels", [1, PIXELS_AT_ONCE, 2 * PIXELS_AT_ONCE + 3])
def test_symmetric_blocks(n, n_pixels):
    rng = np.random.default_rng(1)
    blocks, images = rng.normal(size=(n, n, n_pixels)), rng.normal(size=(n, n_pixels))
    blocks += blocks.transpose(1, 0, 2)
    out = np.full_like(images, np.nan)
    write_block_products(blocks, images, out)
    expected = np.einsum("ijp,jp->ip", blocks, images)
    np.testing.assert_allclose(out, expected, rtol=1e-12, atol=1e-12)
