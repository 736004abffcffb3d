import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import sparse

from hifred.observations.matching.redistribution import relative_redistribution
from hifred.observations.matching.split_matrix import SplitMatrix
from tests.observations.instrument_case import gaussian_rmf


@pytest.mark.parametrize("sigma", [0.012, 0.03])
def test_the_quotient_after_the_fine_response_is_the_coarse_one(sigma: float) -> None:
    edges = np.arange(6.1, 7.0, 0.004)
    fine = gaussian_rmf(0.002, 0.002, 0.008).onto_channels(edges).on_grid(edges).matrix
    coarse = gaussian_rmf(0.02, 0.002, sigma).cut(6.0, 7.1).on_grid(edges).matrix
    quotient = relative_redistribution(coarse, fine)
    assert quotient.min() >= 0
    inside = slice(20, -20)
    again = (quotient @ fine).toarray()[:, inside]
    assert_allclose(again, coarse.toarray()[:, inside], atol=0.01 * coarse.max())
    assert_allclose(quotient.sum(axis=0), coarse.sum(axis=0))


def test_a_continuum_apart_gives_what_it_gives_multiplied_out() -> None:
    rng = np.random.default_rng(4)
    line = np.exp(-0.5 * ((np.arange(60)[:, None] - np.arange(60)) / 1.5) ** 2)
    right = sparse.csr_array(np.repeat(np.eye(5), 12, axis=1))
    left = sparse.csr_array(0.02 * rng.random((60, 5)))
    split = SplitMatrix(sparse.csr_array(line), left, right)
    wide = np.exp(-0.5 * ((np.arange(7)[:, None] * 10 - np.arange(60)) / 9) ** 2)
    coarse = sparse.csr_array(wide)
    assert_allclose(split.column_sums, split.whole().sum(axis=0))
    assert_allclose(
        relative_redistribution(coarse, split).toarray(),
        relative_redistribution(coarse, split.whole()).toarray(),
        rtol=1e-7,
        atol=1e-10,
    )
