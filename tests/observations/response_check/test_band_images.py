"""Fits of band images find what was done to them."""

import numpy as np
import pytest
import scipy.ndimage

from hifred.observations import build_responses, build_sky_grid
from hifred.observations.response_check.band_images import (
    ORIENTATIONS,
    best_orientation,
    excess,
    fit_image,
)
from hifred.observations.response_check.transfer import Comparison, compare
from tests.observations.scenes import imager, lopsided_sky, spectrometer


def seen_with(image_change: object = None, cube_change: object = None) -> Comparison:
    """Return a comparison of noise-free counts, the spectrometer's sky changed."""
    case = {"epic": imager(), "resolve": spectrometer()}
    sky = build_sky_grid(case)
    responses = build_responses(case, sky)
    scaled = 1e9 * lopsided_sky() * sky.reference_exposure[:, None, None]
    changed = image_change(scaled) if callable(image_change) else scaled
    fine = responses["resolve"].apply(np.maximum(changed, 0.0))
    fine = cube_change(fine) if callable(cube_change) else fine
    return compare(
        imager(counts=np.rint(responses["epic"].apply(scaled))),
        responses["epic"],
        spectrometer(counts=np.rint(fine)),
        responses["resolve"],
    )


def test_a_shift_and_a_norm_are_measured() -> None:
    moved = seen_with(
        lambda cube: 1.1 * scipy.ndimage.shift(cube, (0, 0.7, -1.2), order=3)
    )
    values = fit_image(moved, (30, 27), (10, 9)).values
    np.testing.assert_allclose(values, [1.1, 0.7, -1.2, 0.0], atol=0.02)


def test_an_extra_blur_is_measured_as_variance() -> None:
    blurred = seen_with(lambda c: scipy.ndimage.gaussian_filter(c, (0, 0.6, 0.6)))
    values = fit_image(blurred, (30, 27), (10, 9)).values
    np.testing.assert_allclose(values, [1.0, 0.0, 0.0, 0.36], atol=0.02)


@pytest.mark.parametrize(
    ("turn", "name"),
    [
        (lambda cube: cube, "as given"),
        (lambda cube: cube[:, ::-1], "flipped in y"),
        (lambda cube: cube[:, :, ::-1], "flipped in x"),
        (lambda cube: cube[:, ::-1, ::-1], "turned by 180 degrees"),
    ],
)
def test_orientations_are_named(turn: object, name: str) -> None:
    found, gain = best_orientation(seen_with(None, turn), (10, 9))
    assert ORIENTATIONS[found] == name
    assert (gain > 0) == (found > 0)


def test_excess_is_what_noise_does_not_explain() -> None:
    rng = np.random.default_rng(1)
    model, noise = np.full(400, 100.0), np.full(400, 100.0)
    quiet = rng.normal(0.0, 10.0, 400)
    loud = quiet + rng.normal(0.0, 20.0, 400)
    assert excess(model, quiet, noise)[0] < 0.05
    value, scatter = excess(model, loud, noise)
    assert abs(value - 0.2) < 0.03
    assert value > 3 * scatter
