"""Both instruments, brought to a common shape, have the same mean."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from hifred.observations import build_responses, build_sky_grid
from hifred.observations.response_check.transfer import Comparison, compare
from tests.observations.scenes import imager, lopsided_sky, spectrometer

SCALE = 1e12  # so many photons that rounding to whole counts is nothing


def comparison(target_resolution: str, **imager_changes: object) -> Comparison:
    case = {"epic": imager(**imager_changes), "resolve": spectrometer()}
    sky = build_sky_grid(case)
    responses = build_responses(case, sky, target_resolution=target_resolution)
    scaled = SCALE * lopsided_sky() * sky.reference_exposure[:, None, None]
    means = {name: np.rint(responses[name].apply(scaled)) for name in case}
    return compare(
        imager(counts=means["epic"], **imager_changes),
        responses["epic"],
        spectrometer(counts=means["resolve"]),
        responses["resolve"],
    )


@pytest.mark.parametrize(
    ("target", "tolerance"), [("matched", 1e-6), ("intrinsic", 2e-3)]
)
def test_means_agree_whatever_the_sky_is(target: str, tolerance: float) -> None:
    found = comparison(target)
    inside = np.ix_(found.groups, found.pixels)
    assert found.groups.sum() > 8
    assert found.pixels.sum() > 8
    largest = found.seen[inside].max()
    assert_allclose(
        found.seen[inside], found.predicted[inside], atol=tolerance * largest, rtol=0
    )


def test_masked_imager_pixels_take_out_what_draws_on_them() -> None:
    mask = np.ones((30, 27), bool)
    mask[13, 14] = False
    found = comparison("matched", mask=mask)
    lost = comparison("matched").pixels & ~found.pixels
    where = np.argwhere(lost.reshape(10, 9))
    assert [4, 4] in where.tolist()
    assert np.abs(where - 4).max() <= 1


def test_cut_channels_are_left_out() -> None:
    found = comparison("matched")
    assert not found.groups[0]
    assert not found.groups[-1]
    assert found.groups[8:12].all()
