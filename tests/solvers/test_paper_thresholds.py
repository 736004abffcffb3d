import numpy as np
import pytest
from numpy.testing import assert_allclose

from hifred.errors import SettingsError
from hifred.solvers.paper_thresholds import (
    CubeThreshold,
    ImageThreshold,
    VaryingCubeThreshold,
)
from hifred.transforms.median import PUBLISHED_MAD
from hifred.transforms.starlet import Starlet2D, Starlet2D1D


@pytest.mark.parametrize("name", ["rebinned", "same_grid"])
@pytest.mark.parametrize("energy_scales", [1, 3])
def test_cube_step_agrees_with_the_published_one(name, energy_scales, shared_data):
    arrays = np.load(shared_data / "reference_operators" / f"{name}.npz")
    cube = arrays["Z_noisy"]
    transform = Starlet2D1D(cube.shape, 2, energy_scales)
    step = CubeThreshold(transform, 0.5, gaussian_mad=PUBLISHED_MAD).step
    expected = arrays[f"pws_2d1d_k0.5_J1D{energy_scales}_J2D2"]
    assert_allclose(step(cube)[0], expected, atol=1e-10)


@pytest.mark.parametrize("name", ["rebinned", "same_grid"])
def test_varying_step_agrees_with_the_published_one(name, shared_data):
    arrays = np.load(shared_data / "reference_operators" / f"{name}.npz")
    cube = arrays["Z_noisy"]
    transform = Starlet2D1D(cube.shape, 2, 2)
    step = VaryingCubeThreshold(transform, gaussian_mad=PUBLISHED_MAD).step
    expected = arrays["pws_2d1d_sigmoid_as_in_code_J1D2_J2D2"]
    assert_allclose(step(cube)[0], expected, atol=1e-10)


@pytest.mark.parametrize("name", ["rebinned", "same_grid"])
def test_image_step_agrees_with_the_published_one(name, shared_data):
    arrays = np.load(shared_data / "reference_operators" / f"{name}.npz")
    images = arrays["W_noisy_rank5"].reshape(5, *arrays["Z"].shape[1:])
    transform = Starlet2D(images.shape, 2)
    step = ImageThreshold(transform, 1.5, gaussian_mad=PUBLISHED_MAD).step
    expected = arrays["pws_2d_k1.5_J2D2"].reshape(images.shape)
    assert_allclose(step(images)[0], expected, atol=1e-10)


def test_a_strength_of_zero_changes_nothing(rng):
    cube = rng.standard_normal((7, 5, 6))
    found, penalty = CubeThreshold(Starlet2D1D(cube.shape, 1, 2), 0.0).step(cube)
    assert_allclose(found, cube)
    assert penalty == 0
    assert_allclose(ImageThreshold(Starlet2D(cube.shape), 0.0).step(cube)[0], cube)


def test_penalty_is_the_strength_times_what_is_kept(rng):
    cube = rng.standard_normal((7, 5, 6))
    transform = Starlet2D1D(cube.shape, 1, 2)
    fine = transform.apply(cube)[:-1, :-1]
    noise = np.median(np.abs(fine[0, 0] - np.median(fine[0, 0]))) / 0.6745
    kept = np.maximum(np.abs(fine) - 0.8 * noise, 0).sum()
    assert CubeThreshold(transform, 0.8).step(cube)[1] == pytest.approx(0.8 * kept)


@pytest.mark.parametrize("strength", [-1.0, np.nan, np.inf])
def test_an_impossible_strength_is_refused(strength):
    with pytest.raises(SettingsError, match="mu must be finite and not negative"):
        ImageThreshold(Starlet2D((1, 5, 5)), strength)
