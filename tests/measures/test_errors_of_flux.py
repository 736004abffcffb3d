import numpy as np
import pytest
from numpy.testing import assert_allclose

from hifred.errors import HifredError
from hifred.measures import ergas, nmse_db, relative_error

SHAPE = (4, 6, 7)


@pytest.fixture
def truth() -> np.ndarray:
    return np.random.default_rng(1).gamma(2.0, size=SHAPE)


@pytest.fixture
def error() -> np.ndarray:
    return np.random.default_rng(2).standard_normal(SHAPE)


def ergas_by_loops(estimate, truth, ratio):
    """Wald's formula, channel by channel."""
    total = 0.0
    for found, wanted in zip(estimate, truth, strict=True):
        rmse = np.sqrt(np.mean((found - wanted) ** 2))
        total += (rmse / np.mean(wanted)) ** 2
    return 100.0 * ratio * np.sqrt(total / len(truth))


def test_nmse_is_infinite_for_the_truth_itself(truth):
    assert nmse_db(truth, truth) == np.inf


def test_nmse_of_one_percent_too_much_is_by_hand(truth):
    assert_allclose(nmse_db(1.01 * truth, truth), 20 * np.log10(101.0))
    assert_allclose(nmse_db(1.01 * truth, truth, reference="truth"), 40.0)


def test_nmse_falls_by_6_db_when_the_error_doubles(truth, error):
    small = nmse_db(truth + 1e-3 * error, truth, reference="truth")
    large = nmse_db(truth + 2e-3 * error, truth, reference="truth")
    assert_allclose(small - large, 20 * np.log10(2.0))


def test_nmse_of_a_dark_estimate_is_minus_infinity(truth):
    assert nmse_db(0 * truth, truth) == -np.inf


@pytest.mark.parametrize("ratio", [1.0, 1 / 3])
def test_ergas_agrees_with_its_definition(truth, error, ratio):
    estimate = truth + 0.1 * error
    assert_allclose(
        ergas(estimate, truth, resolution_ratio=ratio),
        ergas_by_loops(estimate, truth, ratio),
        rtol=1e-12,
    )


def test_ergas_of_the_paper_divides_by_the_estimate(truth):
    # Twice the truth: the error is the truth itself, half the estimate's mean.
    flat = np.ones_like(truth)
    assert_allclose(ergas(2 * flat, flat, convention="paper"), 0.5)
    assert_allclose(ergas(2 * flat, flat), 100.0)


def test_ergas_is_0_for_the_truth_and_grows_with_the_error(truth, error):
    values = [ergas(truth + a * error, truth) for a in (0.0, 0.01, 0.1)]
    assert values[0] == 0
    assert values[0] < values[1] < values[2]


def test_ergas_refuses_an_empty_channel(truth):
    dark = truth.copy()
    dark[2] = 0
    with pytest.raises(HifredError, match=r"flux in every channel.*1 empty"):
        ergas(truth, dark)


def test_masked_voxels_do_not_count(truth):
    wrong = truth.copy()
    wrong[:, 0, 0] = 99.0
    mask = np.ones(SHAPE[1:], bool)
    mask[0, 0] = False
    assert nmse_db(wrong, truth, mask=mask) == np.inf
    assert ergas(wrong, truth, mask=mask) == 0


def test_relative_error_is_relative_to_the_estimate():
    estimate, truth = np.array([2.0, 4.0, 0.0]), np.array([1.0, 5.0, 1.0])
    assert_allclose(relative_error(estimate, truth), [-50.0, 25.0, np.nan])


@pytest.mark.parametrize("measure", [nmse_db, ergas])
def test_bad_cubes_are_refused(measure, truth):
    with pytest.raises(HifredError, match="one shape"):
        measure(truth[:2], truth)
    with pytest.raises(HifredError, match="must be a cube"):
        measure(truth[0], truth[0])
    with pytest.raises(HifredError, match="must be finite; got 1 voxels"):
        measure(np.where(truth == truth.max(), np.nan, truth), truth)


def test_bad_masks_are_refused(truth):
    with pytest.raises(HifredError, match="mask must be bool"):
        nmse_db(truth, truth, mask=np.ones((7, 6), bool))
    with pytest.raises(HifredError, match="leave some voxels"):
        nmse_db(truth, truth, mask=np.zeros(SHAPE, bool))


def test_relative_error_refuses_two_shapes(truth):
    with pytest.raises(HifredError, match="one shape"):
        relative_error(truth[0], truth)
