"""Products with small symmetric blocks, and their inverses."""

import numpy as np
import pytest

from hifred.errors import HifredError
from hifred.solvers.block_hessian import BlockHessian
from hifred.solvers.block_kernels import (
    PIXELS_AT_ONCE,
    write_block_inverses,
    write_block_products,
)


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


@pytest.mark.parametrize("n", [1, 2, 9])
@pytest.mark.parametrize("condition", [1e2, 1e10])
def test_inverses_are_those_of_lapack(n, condition):
    rng = np.random.default_rng(2)
    n_pixels = PIXELS_AT_ONCE + 5
    turns = np.linalg.qr(rng.normal(size=(n_pixels, n, n)))[0]
    values = np.geomspace(1, condition, n)
    blocks = np.einsum("pik,k,pjk->ijp", turns, values, turns)
    out = np.zeros_like(blocks)
    upper = np.triu(blocks.transpose(2, 0, 1)).transpose(1, 2, 0)
    write_block_inverses(upper, out, 3, n_pixels)
    expected = np.triu(np.linalg.inv(blocks.transpose(2, 0, 1))).transpose(1, 2, 0)
    error = np.abs(out[..., 3:] - expected[..., 3:]).max()
    assert error < 1e-14 * condition
    assert not out[..., :3].any()


def test_a_pixel_that_nothing_tells_of_is_refused():
    blocks = np.zeros((2, 2, 3))
    blocks[[0, 1], [0, 1], 1:] = 4.0
    hessian = BlockHessian(blocks, [], np.zeros_like, np.zeros((2, 3)))
    with pytest.raises(HifredError, match="tell of every sky pixel"):
        hessian.precondition(np.ones((2, 3)))


def test_what_has_diverged_is_not_taken_for_masked():
    blocks = np.full((2, 2, 3), np.nan)
    hessian = BlockHessian(blocks, [], np.zeros_like, np.zeros((2, 3)))
    assert np.isnan(hessian.precondition(np.ones((2, 3)))).all()
