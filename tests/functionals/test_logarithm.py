import numpy as np
import pytest
from numpy.testing import assert_allclose

from hifred.functionals.logarithm import write_logarithms


def logarithms(values: np.ndarray) -> np.ndarray:
    out = np.empty_like(values)
    write_logarithms(values, np.empty_like(values), out)
    return out


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_it_is_the_logarithm_to_the_last_places(dtype, rng):
    near_one = 1 + 0.1 * rng.standard_normal(1000)
    powers = 2.0 ** np.arange(-60, 60)
    wide = np.exp(rng.uniform(-60, 60, 1000))
    values = np.concatenate([near_one, powers, wide]).astype(dtype)
    exact = np.log(values.astype(np.longdouble))
    tolerance = 3 * np.finfo(dtype).eps
    assert_allclose(logarithms(values), exact, rtol=tolerance, atol=1e-300)


def test_one_has_the_logarithm_zero():
    assert logarithms(np.ones(3)).tolist() == [0, 0, 0]
