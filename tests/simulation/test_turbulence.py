import numpy as np
from numpy.testing import assert_allclose

from hifred.simulation.turbulence import random_field


def field(points, seed=3):
    rng = np.random.default_rng(seed)
    return random_field(points, rng, largest_scale=0.6, smallest_scale=0.2)


def test_a_field_has_zero_mean_and_unit_variance():
    points = np.random.default_rng(1).uniform(-5, 5, (3, 20_000))
    values = field(points)
    assert abs(values.mean()) < 0.1
    assert abs(values.std() - 1) < 0.1


def test_a_field_is_a_function_of_space():
    points = np.random.default_rng(2).uniform(-1, 1, (3, 50))
    assert_allclose(field(points)[::2], field(points[:, ::2]), atol=1e-5)


def test_another_seed_is_another_field():
    points = np.random.default_rng(2).uniform(-1, 1, (3, 50))
    assert not np.allclose(field(points), field(points, seed=4))
