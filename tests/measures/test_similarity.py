import numpy as np
import pytest
from numpy.testing import assert_allclose

from hifred.errors import HifredError
from hifred.measures import acssim, ssim_maps

skimage = pytest.importorskip("skimage.metrics")
SHAPE = (3, 14, 17)


@pytest.fixture
def truth() -> np.ndarray:
    return np.random.default_rng(1).gamma(2.0, size=SHAPE)


@pytest.fixture
def estimate(truth) -> np.ndarray:
    return truth + 0.5 * np.random.default_rng(2).standard_normal(SHAPE)


def similarity(estimate, truth, extent, *, full=False):
    return skimage.structural_similarity(
        estimate,
        truth,
        data_range=extent,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        full=full,
    )


@pytest.mark.parametrize("data_range", ["global", "channel"])
def test_similarity_agrees_with_scikit_image(estimate, truth, data_range):
    extents = [np.ptp(truth if data_range == "global" else t) for t in truth]
    expected = 1 - np.mean(
        [similarity(*pair) for pair in zip(estimate, truth, extents, strict=True)]
    )
    assert_allclose(acssim(estimate, truth, data_range=data_range), expected, rtol=1e-9)


def test_maps_agree_with_scikit_image_up_to_the_edges(estimate, truth):
    extent = np.ptp(truth)
    expected = [
        similarity(e, t, extent, full=True)[1]
        for e, t in zip(estimate, truth, strict=True)
    ]
    assert_allclose(ssim_maps(estimate, truth), expected, rtol=1e-9, atol=1e-12)


def test_similarity_is_0_for_the_truth_and_grows_with_the_error(estimate, truth):
    error = estimate - truth
    values = [acssim(truth + a * error, truth) for a in (0.0, 0.1, 1.0)]
    assert abs(values[0]) < 1e-12
    assert values[0] < values[1] < values[2]


def test_constant_channels_are_compared(truth):
    flat = truth.copy()
    flat[1] = 0
    assert abs(acssim(flat, flat, data_range="channel")) < 1e-12


def test_small_images_and_unknown_ranges_are_refused(estimate, truth):
    with pytest.raises(HifredError, match="at least 11 pixels"):
        acssim(truth[:, :10], truth[:, :10])
    with pytest.raises(HifredError, match="data_range must be"):
        acssim(estimate, truth, data_range="local")
