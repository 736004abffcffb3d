import numpy as np
from numpy.testing import assert_allclose

from hifred.plots.layers import counts_layer
from hifred.plots.regions import Region
from hifred.plots.residuals import (
    noise_units,
    residual_image,
    residual_spectrum,
    with_values,
)
from tests.made_up import make_observation, make_truth


def test_noise_units() -> None:
    assert_allclose(noise_units(np.array([6.0, 9.0]), np.array([4.0, 9.0])), [1, 0])


def test_nothing_expected_is_nan_and_never_zero() -> None:
    assert np.isnan(noise_units(np.array([1.0]), np.array([0.0]))).all()


def test_residuals_of_poisson_counts_have_unit_variance() -> None:
    observation = make_observation(make_truth((60, 45)), "imager")
    data = counts_layer(observation)
    model = with_values(data, observation["expected_counts"].to_numpy())
    image = residual_image(data, model, (0.5, 1.4))
    assert_allclose(np.std(image), 1.0, atol=0.05)
    assert residual_spectrum(data, model).shape == (8,)
    pixel = residual_spectrum(data, model, Region.pixel(data.y[30], data.x[22]))
    assert_allclose(
        pixel,
        noise_units(
            observation["counts"].to_numpy()[:, 30, 22],
            observation["expected_counts"].to_numpy()[:, 30, 22],
        ),
    )


def test_masked_voxels_have_no_residual() -> None:
    observation = make_observation(make_truth(), "imager")
    mask = np.ones(observation["counts"].shape, dtype=bool)
    mask[:, 2, 3] = False
    data = counts_layer(observation.assign(mask=(("channel", "y", "x"), mask)))
    model = with_values(data, observation["expected_counts"].to_numpy())
    image = residual_image(data, model, (0.5, 1.4))
    assert np.isnan(image[2, 3])
    assert np.isfinite(image).sum() == image.size - 1
