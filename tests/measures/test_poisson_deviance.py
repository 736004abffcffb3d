import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from hifred.errors import HifredError
from hifred.measures import deviance, deviance_moments
from hifred.measures.poisson_deviance import exact_moments


def test_deviance_is_twice_the_loss_of_log_likelihood():
    counts = np.array([[0, 1, 2], [5, 9, 40]])
    expected = np.array([[0.3, 1.4, 1.0], [7.0, 9.0, 33.0]])
    saturated = stats.poisson.logpmf(counts, np.maximum(counts, 1e-300))
    loss = 2 * (saturated - stats.poisson.logpmf(counts, expected))
    assert_allclose(deviance(counts, expected), loss, rtol=1e-10, atol=1e-12)


def test_deviance_is_0_where_the_model_meets_the_data():
    counts = np.array([0, 3, 1000])
    assert_allclose(deviance(counts, counts), 0, atol=1e-12)


def test_impossible_counts_are_infinitely_bad():
    assert deviance(np.array([1]), np.array([0.0]))[0] == np.inf


def test_masked_voxels_have_no_deviance():
    counts, expected = np.array([9, 9]), np.array([1.0, 1.0])
    found = deviance(counts, expected, mask=np.array([True, False]))
    assert found[0] > 0
    assert found[1] == 0


@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf])
def test_bad_values_are_refused(bad):
    with pytest.raises(HifredError, match="finite and not negative"):
        deviance(np.array([1]), np.array([bad]))
    with pytest.raises(HifredError, match="finite and not negative"):
        deviance_moments(np.array([bad]))


def test_two_shapes_are_refused():
    with pytest.raises(HifredError, match="one shape"):
        deviance(np.ones(3), np.ones(2))


def moments_by_scipy(expected):
    counts = np.arange(2000)
    weights = stats.poisson.pmf(counts, expected)
    values = deviance(counts, np.full(counts.shape, expected))
    mean = np.sum(weights * values)
    return mean, np.sum(weights * (values - mean) ** 2)


@pytest.mark.parametrize(
    "expected", [1e-6, 5e-4, 1e-3, 0.02, 0.7, 5.0, 80.0, 399.0, 401.0, 900.0]
)
def test_moments_agree_with_sums_over_the_poisson_distribution(expected):
    mean, variance = moments_by_scipy(expected)
    found = deviance_moments(np.array([expected]))
    assert_allclose(np.ravel(found), [mean, variance], rtol=2e-6)


def test_moments_of_no_counts_are_0():
    assert_allclose(np.ravel(deviance_moments(np.zeros(1))), [0, 0], atol=1e-12)
    assert_allclose(np.ravel(exact_moments(np.zeros(1), 5)), [0, 0], atol=1e-12)


def test_drawn_counts_have_the_expected_deviance():
    rng = np.random.default_rng(5)
    expected = rng.gamma(1.0, 2.0, size=40_000)
    mean, variance = deviance_moments(expected)
    total = deviance(rng.poisson(expected), expected).sum()
    assert abs(total - mean.sum()) < 4 * np.sqrt(variance.sum())
