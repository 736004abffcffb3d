"""One order for an image and its mirror images."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from hifred.transforms.mirror import bright_side_first

IMAGE = np.random.default_rng(4).poisson(5, (5, 7))


@pytest.mark.parametrize("mirror", [np.s_[::-1], np.s_[:, ::-1], np.s_[::-1, ::-1]])
def test_mirror_images_read_the_same(mirror: tuple[slice, ...]) -> None:
    turned = IMAGE[mirror]
    read = IMAGE[bright_side_first(IMAGE)]
    assert_array_equal(turned[bright_side_first(turned)], read)
    assert_array_equal(read[bright_side_first(IMAGE)], IMAGE)


def test_the_bright_sides_come_first() -> None:
    corner = np.zeros((3, 4))
    corner[2, 3] = 1
    assert corner[bright_side_first(corner)][0, 0] == 1


def test_an_even_image_stays() -> None:
    assert bright_side_first(np.ones((3, 4))) == np.s_[::1, ::1]
