"""Averaging kernels: what a pixel's flux is taken from."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from hifred.errors import HifredError
from hifred.fusion import FusionSettings, fuse
from hifred.posterior import averaging_kernel, averaging_kernels
from tests.scenes import observe, sky_cube

SHAPE = (24, 9, 6)
AT = {"y": 4, "x": 2}


@pytest.fixture(scope="module")
def observations():
    return observe(sky_cube(SHAPE), rng=np.random.default_rng(1))


def fused(observations, **settings):
    return fuse(observations, FusionSettings(**settings))


def kernel_at(result, observations, **options):
    at = {axis: float(result[axis][place]) for axis, place in AT.items()}
    return averaging_kernel(result, observations, **at, **options)


@pytest.fixture(scope="module")
def smooth(observations):
    # Of one spectrum, so that a flat sky is one of equal images.
    return fused(observations, regularizer="lrs", mu=0.01, rank=1)


@pytest.fixture(scope="module")
def kernels(smooth, observations):
    return averaging_kernels(smooth, observations)


def test_a_flat_sky_comes_back_flat(smooth, observations):
    kernel = kernel_at(smooth, observations)
    assert kernel.dims == ("y", "x")
    assert kernel.shape == SHAPE[1:]
    assert_allclose(kernel.sum(), 1, rtol=3e-3)
    assert kernel.argmax(...) == AT


def test_without_a_penalty_a_pixel_is_its_own(observations):
    free = fused(observations, regularizer="low_rank", rank=1)
    expected = np.zeros(SHAPE[1:])
    expected[AT["y"], AT["x"]] = 1
    assert_allclose(kernel_at(free, observations), expected, atol=3e-3)


def test_maps_are_of_the_kernels_of_single_pixels(kernels, smooth, observations):
    # Kernels of 9 pixels reach from side to side: none is found in another's place.
    one = kernel_at(smooth, observations)
    around = kernels["kernel"].isel(AT)
    assert_allclose(around[:, 2:8], one, rtol=1e-12)
    assert (around[:, :2] == 0).all()
    assert_allclose(kernels["own_share"].isel(AT), one.isel(AT))
    assert_allclose(kernels["total"].isel(AT), one.sum())
    area = float(one.sum() / one.isel(AT)) * 10.0**2
    assert_allclose(np.pi / 4 * kernels["width"].isel(AT) ** 2, area)
    assert_allclose(kernels["x_offset"], 10.0 * np.arange(-4, 5))


def test_a_stronger_penalty_takes_more_from_neighbours(kernels, observations):
    strong = fused(observations, regularizer="lrs", mu=0.1, rank=1)
    wider = averaging_kernels(strong, observations)
    assert (wider["own_share"] < kernels["own_share"]).all()
    assert float(wider["width"].mean()) > float(kernels["width"].mean())
    assert_allclose(wider["total"].isel(AT), 1, rtol=0.01)


def test_kernels_that_fade_within_the_reach_are_found_with_fewer_solves(
    observations,
):
    faint = fused(observations, regularizer="lrs", mu=1e-3, rank=1)
    done = []
    found = averaging_kernels(
        faint, observations, reach=2, on_probe=lambda *n: done.append(n)
    )
    assert done[-1] == (25, 25)
    one = kernel_at(faint, observations)
    near = found["kernel"].isel(AT)
    assert_allclose(near, one[2:7, 0:5], atol=0.02)


def test_a_band_is_made_of_its_own_energies(observations):
    result = fused(observations, regularizer="lrs", mu=0.01, rank=2)
    band = (0.5, 0.6)
    found = averaging_kernels(result, observations, band=band, reach=1)
    expected = result["flux"].sel(energy=slice(*band)).sum("energy")
    assert_allclose(found["flux"], expected, rtol=1e-3, atol=1e-6)


def test_what_makes_no_sense_is_refused(smooth, observations):
    with pytest.raises(HifredError, match="reach must be at least 1 pixel; got 0"):
        averaging_kernels(smooth, observations, reach=0)
    with pytest.raises(HifredError, match=r"band must hold an energy of the cube"):
        kernel_at(smooth, observations, band=(7.0, 8.0))
