import numpy as np

from hifred.plots.regions import Region

Y, X = np.arange(5) * 10.0, np.arange(7) * 10.0


def test_a_point_is_the_pixel_that_holds_it() -> None:
    assert Region.pixel(21.0, 48.0).slices(Y, X) == (slice(2, 3), slice(5, 6))


def test_a_rectangle_takes_the_centres_inside() -> None:
    region = Region((9.0, 31.0), (0.0, 20.0))
    assert region.slices(Y, X) == (slice(1, 4), slice(0, 3))


def test_a_rectangle_smaller_than_a_pixel_takes_the_nearest() -> None:
    assert Region((12.0, 13.0), (41.0, 44.0)).slices(Y, X) == (
        slice(1, 2),
        slice(4, 5),
    )


def test_a_region_outside_takes_the_edge() -> None:
    assert Region.pixel(-99.0, 999.0).slices(Y, X) == (slice(0, 1), slice(6, 7))


def test_text_says_what_it_is() -> None:
    assert Region.pixel(20, 30).text() == "pixel at x = 30, y = 20 arcsec"
    assert "20 x 10 arcsec region" in Region((0, 10), (0, 20)).text()
