"""Blurring and rebinning of images."""

import numpy as np
import pytest
import scipy.signal
from numpy.testing import assert_allclose

from hifred.operators.matrix import Dense, Identity, Kronecker
from hifred.operators.spatial import blur_and_rebin

RNG = np.random.default_rng(5)
GAUSS = np.exp(-0.5 * np.arange(-3, 4) ** 2)
SEPARABLE = np.outer(GAUSS, GAUSS[1:-1])
GENERAL = RNG.random((5, 7))


@pytest.mark.parametrize("psf", [SEPARABLE, GENERAL], ids=["separable", "general"])
@pytest.mark.parametrize("shape", [(6, 9), (12, 15), (8, 8)])
def test_blur_is_convolution(psf: np.ndarray, shape: tuple[int, int]) -> None:
    image = RNG.random(shape)
    blurred = blur_and_rebin(psf, shape).apply_rows(image.reshape(1, -1))
    expected = scipy.signal.convolve2d(image, psf, mode="full")
    top, left = psf.shape[0] // 2, psf.shape[1] // 2
    expected = expected[top : top + shape[0], left : left + shape[1]]
    assert_allclose(blurred.reshape(shape), expected, rtol=1e-12)


def test_rows_stay_rows_when_rebinned() -> None:
    image = np.zeros((9, 15))
    image[3, 13] = 1.0
    coarse = blur_and_rebin(None, (9, 15), factor=3).apply_rows(image.reshape(1, -1))
    assert np.argwhere(coarse.reshape(3, 5)).tolist() == [[1, 4]]


def test_a_separable_psf_stays_separable() -> None:
    assert isinstance(blur_and_rebin(SEPARABLE, (12, 12), factor=3), Kronecker)
    assert isinstance(blur_and_rebin(None, (4, 5)), Identity)
    assert isinstance(blur_and_rebin(GENERAL, (6, 9), factor=3), Dense)


def test_photons_are_kept_away_from_the_edges() -> None:
    psf = GENERAL / GENERAL.sum()
    image = np.zeros((18, 21))
    image[9, 10] = 7.0
    out = blur_and_rebin(psf, (18, 21), factor=3).apply_rows(image.reshape(1, -1))
    assert_allclose(out.sum(), 7.0, rtol=1e-12)


def test_an_even_psf_is_refused() -> None:
    with pytest.raises(ValueError, match="psf must have odd side lengths"):
        blur_and_rebin(np.ones((4, 5)), (6, 6))


@pytest.mark.parametrize("psf", [SEPARABLE, GENERAL, None])
def test_a_field_is_a_part_of_the_sky(psf: np.ndarray | None) -> None:
    field = (slice(2, 8), slice(3, 12))
    image = RNG.random((1, 10 * 14))
    whole = blur_and_rebin(psf, (10, 14)).apply_rows(image).reshape(10, 14)
    part = blur_and_rebin(psf, (10, 14), factor=3, field=field).apply_rows(image)
    expected = whole[field].reshape(2, 3, 3, 3).sum(axis=(1, 3))
    assert_allclose(part.reshape(2, 3), expected, rtol=1e-12)
