"""Several blurs of the same images, side by side."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from hifred.operators.blurs import Blurs
from hifred.operators.matrix import Dense

RNG = np.random.default_rng(1)
MATRICES = [RNG.standard_normal((3, 5)) for _ in range(2)]
IMAGES = RNG.standard_normal((4, 5))


@pytest.mark.parametrize("n", [1, 2])
def test_they_agree_with_dense_products(n: int) -> None:
    blurs = Blurs([Dense(k) for k in MATRICES[:n]])
    expected = np.concatenate([IMAGES @ k.T for k in MATRICES[:n]])
    assert_allclose(blurs.gather(IMAGES), expected)
    seen = RNG.standard_normal(expected.shape)
    assert_allclose(np.vdot(blurs.spread(seen), IMAGES), np.vdot(seen, expected))


def test_precision_is_kept() -> None:
    blurs = Blurs([Dense(k) for k in MATRICES]).single
    gathered = blurs.gather(IMAGES.astype(np.float32))
    assert gathered.dtype == blurs.spread(gathered).dtype == np.float32
