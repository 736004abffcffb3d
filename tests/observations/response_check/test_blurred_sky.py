"""Blurred skies explain every image that a PSF can make."""

import numpy as np
import pytest
import scipy.signal

from hifred.observations.response_check.blurred_sky import blurred_sky
from hifred.observations.response_check.hot_pixels import N_STEPS, NOTICEABLE_EXCESS

AT = np.arange(-5, 6)


def gaussian(sigma: float) -> np.ndarray:
    psf = np.exp(-0.5 * (AT[:, None] ** 2 + AT**2) / sigma**2)
    return psf / psf.sum()


@pytest.mark.parametrize("sigma", [0.7, 1.0, 2.0])
def test_no_pixel_of_a_sky_is_too_bright(sigma: float, rng) -> None:
    psf = gaussian(sigma)
    sensitivity = rng.uniform(1, 3, (30, 30))
    sky = 1e3 * rng.random((40, 40)) ** 20 + 10
    truth = scipy.signal.fftconvolve(sky, psf, mode="valid")
    counts, background = sensitivity * truth + 7, np.full(truth.shape, 7.0)
    found = blurred_sky(counts, sensitivity, background, psf, N_STEPS)
    assert (truth / found).max() < 1 + NOTICEABLE_EXCESS
    assert np.median(np.abs(found / truth - 1)) < 0.02


def test_steps_keep_the_counts_and_raise_the_likelihood(rng) -> None:
    psf, flat = gaussian(1.0), np.ones((20, 20))
    counts = rng.poisson(50, flat.shape).astype(float)
    likelihoods = []
    for n_steps in (1, 3, 10, 30):
        expected = blurred_sky(counts, flat, 0 * flat, psf, n_steps)
        assert expected.sum() == pytest.approx(counts.sum(), rel=1e-6)
        likelihoods.append(np.sum(counts * np.log(expected) - expected))
    assert (np.diff(likelihoods) > 0).all()


def test_pixels_without_sensitivity_do_not_count(rng) -> None:
    psf, sensitivity = gaussian(1.5), np.ones((20, 20))
    sensitivity[8, 9] = 0
    counts = np.full(sensitivity.shape, 100.0)
    counts[8, 9] = 1e6
    found = blurred_sky(counts, sensitivity, 0 * counts, psf, 100)
    assert np.abs(found / 100 - 1).max() < 0.02
