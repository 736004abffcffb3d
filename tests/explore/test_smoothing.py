"""Blurred images and contours."""

import numpy as np
from numpy.testing import assert_allclose

from hifred.explore.smoothing import contours, smoothed


def test_a_point_becomes_as_wide_as_was_asked() -> None:
    image = np.zeros((41, 41))
    image[20, 20] = 1.0
    row = smoothed(image, 8.0)[20]
    assert_allclose(row[16] / row[20], 0.5, rtol=0.02)
    assert_allclose(smoothed(image, 8.0).sum(), 1.0, rtol=1e-3)


def test_pixels_without_a_value_count_for_nothing() -> None:
    image = np.full((9, 9), 2.0)
    image[4, 4] = np.nan
    blurred = smoothed(image, 3.0)
    assert np.isnan(blurred[4, 4])
    assert_allclose(blurred[np.isfinite(blurred)], 2.0)


def test_nothing_is_changed_by_no_width() -> None:
    image = np.arange(6.0).reshape(2, 3)
    assert smoothed(image, 0.0) is image


def test_a_contour_of_a_cone_is_a_circle() -> None:
    y, x = np.linspace(-5, 5, 101), np.linspace(-6, 6, 121)
    cone = 10 - np.hypot(y[:, None], x)
    (xs,), (ys,) = contours(cone, y, x, [7.0])
    assert_allclose(np.hypot(xs, ys), 3.0, atol=0.01)
    assert contours(np.ones((1, 4)), y[:1], x[:4], [0.5]) == ([], [])
