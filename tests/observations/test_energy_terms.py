"""What changes with energy is a short sum."""

import logging

import numpy as np
import pytest
from numpy.testing import assert_allclose

from hifred.observations.energy_terms import interpolation_weights, separated


def total(terms: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    return np.sum([weight[:, None, None] * image for weight, image in terms], axis=0)


def test_interpolation_is_linear_and_constant_outside() -> None:
    energy = np.array([0.1, 1.0, 1.5, 2.0, 9.0])
    weights = interpolation_weights(np.array([1.0, 2.0, 4.0]), energy)
    assert_allclose(
        weights, [[1, 0, 0], [1, 0, 0], [0.5, 0.5, 0], [0, 1, 0], [0, 0, 1]]
    )


@pytest.mark.parametrize("n_nodes", [1, 2, 4])
def test_few_nodes_are_kept_as_they_are(n_nodes: int) -> None:
    rng = np.random.default_rng(1)
    weights, images = rng.random((7, n_nodes)), rng.random((n_nodes, 3, 5))
    terms = separated(weights, images)
    assert len(terms) == n_nodes
    assert_allclose(total(terms), np.tensordot(weights, images, axes=1))


def test_many_smooth_images_need_few_terms() -> None:
    energy = np.linspace(0, 1, 40)
    radius = np.hypot(*np.mgrid[-3:4, -4:5])
    images = 1 - 0.05 * radius * (1 + energy[:, None, None])
    terms = separated(None, images)
    assert len(terms) == 2
    assert_allclose(total(terms), images, rtol=1e-10)
    weights = np.random.default_rng(2).random((11, 40))
    found = total(separated(weights, images))
    assert_allclose(found, np.tensordot(weights, images, axes=1), rtol=1e-8)


def test_images_that_need_more_are_told(caplog: pytest.LogCaptureFixture) -> None:
    images = np.random.default_rng(3).random((20, 6, 7))
    with caplog.at_level(logging.WARNING):
        assert len(separated(None, images)) == 4
    assert "4 terms leave" in caplog.text
