import numpy as np
import pytest
from numpy.testing import assert_allclose

from hifred.simulation.instruments import (
    effective_area,
    half_power_width,
    line_spread_kernel,
    psf_kernel,
)


def standard_deviation(profile, step):
    offset = np.arange(len(profile)) - len(profile) // 2
    mean = np.sum(profile * offset)
    return step * np.sqrt(np.sum(profile * (offset - mean) ** 2))


@pytest.mark.parametrize("width", [10.0, 30.0])
def test_gaussian_psfs_have_their_width(width):
    psf = psf_kernel("gaussian", width, 10.0)
    assert_allclose(psf.sum(), 1)
    for axis in (0, 1):
        assert_allclose(standard_deviation(psf.sum(axis=axis), 10.0), width, rtol=0.02)


@pytest.mark.parametrize("width", [21.0, 2.5])
def test_gaussian_line_spreads_have_their_width(width):
    spread = line_spread_kernel("gaussian", width, 0.36)
    assert_allclose(spread.sum(), 1)
    assert_allclose(standard_deviation(spread, 0.36), width, rtol=0.02)


@pytest.mark.parametrize("width", [11.0, 33.0])
def test_realistic_psfs_have_their_width_and_wings(width):
    # Well sampled, since a pixel of 10 arcsec is coarse for half-power radii.
    fine = psf_kernel("realistic", width, width / 6)
    assert_allclose(half_power_width(fine, width / 6), width, rtol=0.02)
    psf = psf_kernel("realistic", width, 10.0)
    assert_allclose(psf.sum(), 1)
    assert psf.shape[0] % 2 == 1
    assert psf.argmax() == psf.size // 2
    gaussian = psf_kernel("gaussian", width, 10.0)
    radius = np.hypot(*(np.indices(psf.shape) - psf.shape[0] // 2)) * 10
    g_radius = np.hypot(*(np.indices(gaussian.shape) - gaussian.shape[0] // 2)) * 10
    far = 3.5 * width
    assert psf[radius > far].sum() > 10 * gaussian[g_radius > far].sum()


@pytest.mark.parametrize("width", [51.0, 1.4])
def test_realistic_line_spreads_have_their_width_and_a_tail_below(width):
    spread = line_spread_kernel("realistic", width, 0.36)
    assert_allclose(spread.sum(), 1)
    assert_allclose(half_power_width(spread, 0.36), width, rtol=0.02)
    middle, far = len(spread) // 2, int(3 * width / 0.36)
    assert spread[: middle - far].sum() > 5 * spread[middle + far + 1 :].sum()


@pytest.mark.parametrize("shape", ["none", "gaussian"])
def test_no_width_is_no_blur(shape):
    width = 10.0 if shape == "none" else 0.0
    assert psf_kernel(shape, width, 10.0).shape == (1, 1)
    assert line_spread_kernel(shape, width, 1.0).tolist() == [1.0]


def test_areas_are_positive_and_vary_where_realistic():
    energy = np.linspace(0.5, 7.0, 50)
    assert np.ptp(effective_area("constant", 300.0, energy)) == 0
    area = effective_area("realistic", 300.0, energy)
    assert np.all(area > 0)
    assert area.max() > 1.5 * area.min()
    assert_allclose(effective_area("realistic", 300.0, np.ones(1)), 300.0)
