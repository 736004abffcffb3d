import numpy as np
import pytest
from numpy.testing import assert_allclose

from hifred.transforms.median import exact_median, median_absolute_deviation


@pytest.mark.parametrize("size", [1, 2, 5, 1000, 100_001, 100_002])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_median_is_exact(size, dtype, rng):
    values = rng.standard_normal(size).astype(dtype)
    assert exact_median(values) == pytest.approx(float(np.median(values)), rel=1e-6)
    if dtype == np.float64:
        assert exact_median(values) == np.median(values)


def test_median_survives_a_misleading_sample():
    values = np.zeros(100_000)
    values[::5] = 1e3  # all that the sparse sample sees
    assert exact_median(values) == 0


def test_median_of_equal_values():
    assert exact_median(np.full(70_000, 2.5)) == 2.5


def test_deviation_of_a_normal_is_its_standard_deviation(rng):
    noise = 3 * rng.standard_normal(200_000) + 7
    assert_allclose(median_absolute_deviation(noise), 3, rtol=0.01)
