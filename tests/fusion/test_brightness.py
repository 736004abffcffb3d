"""The image that guides: no step from masks or vignetting, holes continued."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from hifred.fusion.brightness import continued, seen_brightness
from hifred.operators.response import Response
from hifred.operators.structure import structure

RNG = np.random.default_rng(3)
N_ENERGIES, N_CHANNELS, SHAPE = 4, 3, (5, 7)
SKY = RNG.uniform(1, 3, (N_ENERGIES, *SHAPE))
EVEN = np.broadcast_to(SKY.mean(axis=0), SKY.shape)


def imager(vignetting: np.ndarray) -> Response:
    spectral = structure(RNG.uniform(0.5, 1, (N_CHANNELS, N_ENERGIES)))
    spatial = structure(np.diag(vignetting.ravel()))
    return Response([(spectral, spatial)], SKY.shape, (N_CHANNELS, *SHAPE))


def test_masks_and_vignetting_leave_the_sky_as_it_is() -> None:
    response = imager(RNG.uniform(0.3, 1, SHAPE))
    mask = RNG.random((N_CHANNELS, *SHAPE)) < 0.7
    mask[0] = True
    junk = np.where(mask, response.apply(EVEN), 1e9)
    found = seen_brightness([(response, junk, mask)], SHAPE)
    assert_allclose(found, EVEN.sum(axis=0))


def test_imagers_with_other_fields_leave_no_step() -> None:
    west = np.broadcast_to(np.arange(7) < 4, SHAPE).astype(float)
    both = [imager(west), imager(1.0 - west)]
    used = np.ones((N_CHANNELS, *SHAPE), bool)
    imagers = [(r, r.apply(EVEN), used) for r in both]
    assert_allclose(seen_brightness(imagers, SHAPE), EVEN.sum(axis=0))


def test_a_hole_continues_what_is_around_it() -> None:
    y, x = np.mgrid[:8, :9]
    ramp = 1.0 + 2 * y - x
    known = np.ones((8, 9), bool)
    known[2:5, 3:6] = False
    assert_allclose(continued(np.where(known, ramp, 0), known), ramp, atol=1e-9)


@pytest.mark.parametrize("shape", [(1, 6), (6, 1)])
def test_a_rim_takes_the_value_next_to_it(shape: tuple[int, int]) -> None:
    image = np.array([0.0, 0, 5, 7, 0, 0]).reshape(shape)
    found = continued(image, image > 0)
    assert_allclose(found.ravel(), [5, 5, 5, 7, 7, 7])


def test_nothing_known_is_zero() -> None:
    dark = np.full(SHAPE, 3.0), np.zeros(SHAPE, bool)
    assert_array_equal(continued(*dark), np.zeros(SHAPE))
