import numpy as np
import pytest
from numpy.testing import assert_allclose

from hifred.errors import HifredError
from hifred.measures import (
    angular_distance,
    bright_pixels,
    mean_spectral_angle,
    spectral_angle,
)

SHAPE = (4, 6, 7)


@pytest.fixture
def truth() -> np.ndarray:
    return np.random.default_rng(1).gamma(2.0, size=SHAPE)


@pytest.fixture
def estimate(truth) -> np.ndarray:
    return truth + 0.3 * np.random.default_rng(2).gamma(2.0, size=SHAPE)


def angle_by_definition(u, v):
    return np.arccos(np.vdot(u, v) / np.linalg.norm(u) / np.linalg.norm(v))


def test_angles_agree_with_the_arc_cosine(estimate, truth):
    expected = [
        [angle_by_definition(estimate[:, i, j], truth[:, i, j]) for j in range(7)]
        for i in range(6)
    ]
    assert_allclose(spectral_angle(estimate, truth), expected, rtol=1e-9)
    assert_allclose(mean_spectral_angle(estimate, truth), np.mean(expected), rtol=1e-9)


def test_the_angle_to_itself_is_exactly_0(truth):
    assert np.all(spectral_angle(truth, truth) == 0)


def test_brightness_does_not_change_the_angle(estimate, truth):
    scale = np.arange(1, 43).reshape(6, 7)
    assert_allclose(
        spectral_angle(scale * estimate, truth), spectral_angle(estimate, truth)
    )


def test_more_error_is_a_larger_angle(truth):
    error = np.random.default_rng(3).standard_normal(SHAPE)
    angles = [mean_spectral_angle(truth + a * error, truth) for a in (0.01, 0.1, 1.0)]
    assert angles[0] < angles[1] < angles[2]


def test_zero_spectra_are_nan_and_left_out_of_the_mean(estimate, truth):
    dark = truth.copy()
    dark[:, 2, 3] = 0
    angles = spectral_angle(estimate, dark)
    assert np.isnan(angles[2, 3])
    assert np.isnan(angles).sum() == 1
    assert_allclose(mean_spectral_angle(estimate, dark), np.nanmean(angles))


def test_only_zero_spectra_have_no_mean(truth):
    with pytest.raises(HifredError, match="not zero"):
        mean_spectral_angle(0 * truth, truth)


def test_masked_pixels_are_nan(estimate, truth):
    mask = np.ones(SHAPE[1:], bool)
    mask[1, 4] = False
    assert np.isnan(spectral_angle(estimate, truth, mask=mask)[1, 4])


def test_a_mask_that_changes_with_energy_is_refused(estimate, truth):
    mask = np.ones(SHAPE, bool)
    mask[0, 0, 0] = False
    with pytest.raises(HifredError, match="must be an image"):
        spectral_angle(estimate, truth, mask=mask)


def test_nan_is_refused(truth):
    with pytest.raises(HifredError, match="must be finite"):
        angular_distance(np.where(truth == truth.max(), np.nan, truth))


def test_angular_distance_agrees_with_its_definition(truth):
    expected = np.zeros(SHAPE[1:])
    for i in range(6):
        for j in range(7):
            angles = [
                angle_by_definition(truth[:, i, j], truth[:, k, m])
                for k in range(max(0, i - 1), min(6, i + 2))
                for m in range(max(0, j - 1), min(7, j + 2))
                if (k, m) != (i, j)
            ]
            expected[i, j] = np.mean(angles)
    assert_allclose(angular_distance(truth), expected, rtol=1e-9)


def test_angular_distance_of_one_spectrum_everywhere_is_0():
    image = np.random.default_rng(4).gamma(2.0, size=SHAPE[1:])
    cube = np.arange(1.0, 5.0)[:, None, None] * image
    assert_allclose(angular_distance(cube), 0, atol=1e-15)


def test_dark_neighbours_do_not_count(truth):
    dark = truth.copy()
    dark[:, 2, 3] = 0
    found = angular_distance(dark)
    assert np.isnan(found[2, 3])
    assert np.isfinite(np.delete(found.ravel(), 2 * 7 + 3)).all()


def test_bright_pixels_hold_the_share_asked_for():
    cube = np.array([[[8.0, 1.0], [0.5, 0.5]]])
    assert bright_pixels(cube, 0.8).tolist() == [[True, False], [False, False]]
    assert bright_pixels(cube, 0.85).tolist() == [[True, True], [False, False]]
