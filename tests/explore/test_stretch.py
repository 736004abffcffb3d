"""From brightness to colour and back."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from hifred.explore.stretch import (
    STRETCHES,
    ColourScale,
    brightness_at,
    difference_limit,
)


@pytest.mark.parametrize("name", STRETCHES)
def test_ticks_say_the_brightness_that_has_their_colour(name) -> None:
    scale = ColourScale(name, 3.0e-6)
    for place, text in scale.ticks.items():
        assert_allclose(scale.shares(np.array([float(text)])), place, atol=0.02)


@pytest.mark.parametrize("name", STRETCHES)
def test_brighter_is_never_darker(name) -> None:
    shares = ColourScale(name, 2.0).shares(np.linspace(-1, 3, 99))
    assert (np.diff(shares) >= 0).all()
    assert shares[0] == 0
    assert shares[-1] == 1


def test_no_value_stays_none() -> None:
    assert np.isnan(ColourScale().shares(np.array([np.nan]))).all()


def test_a_percentile_is_of_all_pixels_with_a_value() -> None:
    images = [np.arange(60.0), np.append(np.arange(60.0, 101.0), np.nan)]
    assert brightness_at(images, 95.0) == 95.0
    assert brightness_at(images, 100.0) == 100.0
    assert brightness_at([np.zeros(3)], 100.0) == 1.0


def test_next_to_no_difference_does_not_span_the_colours() -> None:
    tiny = 1e-9 * np.array([-1.0, 1.0])
    assert difference_limit([tiny], 1.0) == 0.02
    assert difference_limit([np.array([-0.5, 0.1])], 1.0) == 0.5
    assert difference_limit([np.zeros(2)], 5.0) == 0.1
