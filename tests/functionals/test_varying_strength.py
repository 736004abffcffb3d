import numpy as np
from numpy.testing import assert_allclose

from hifred.functionals.varying_strength import varying_strength


def test_strength_is_high_where_the_source_is_dim():
    coarse = np.zeros((1, 1, 3))
    coarse[..., 2] = 2000.0
    coarse[..., 1] = 1000.0
    assert_allclose(varying_strength(coarse)[0, 0], [3, 1.75, 0.5])
