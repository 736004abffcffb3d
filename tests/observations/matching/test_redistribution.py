import numpy as np
import pytest
from numpy.testing import assert_allclose

from hifred.observations.matching.redistribution import relative_redistribution
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
