"""Differences of shape: gradient, null space, adjoint, curvature."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from hifred.functionals.shape_differences import SMOOTH_AREA, ShapeDifferences
from hifred.functionals.sobolev import SquaredDifferences
from tests.laws import assert_gradient

RNG = np.random.default_rng(8)
SHAPE = (2, 5, 7)
GUIDE = RNG.uniform(0.1, 3.0, SHAPE[1:])


def penalty(strength: float = 0.7) -> ShapeDifferences:
    return ShapeDifferences(strength, GUIDE)


def test_the_gradient_is_the_slope_of_the_value() -> None:
    assert_gradient(penalty(), RNG.standard_normal(SHAPE), RNG.standard_normal(SHAPE))


def test_images_in_proportion_to_the_guide_are_free() -> None:
    assert penalty().value(np.multiply.outer([2.0, -1.0], GUIDE)) < 1e-20
    assert penalty().value(np.ones(SHAPE)) > 0.1


def test_one_pair_weighs_as_its_equation_says() -> None:
    guide, images = np.array([[1.0, 4.0]]), np.array([[[3.0, 8.0]], [[0.0, 2.0]]])
    step, weight, mean = np.array([2.0 - 3.0, 0.5]), 2.5 * 2.0, 2.5
    squares = np.sum(step**2)
    # L W at either pixel, weighed by its brightness over the mean.
    curvatures = [(weight / b) ** 2 * b / mean * squares for b in (1.0, 4.0)]
    found = ShapeDifferences(0.7, guide).value(images)
    wanted = 0.7 * (weight * squares + SMOOTH_AREA * sum(curvatures))
    assert found == pytest.approx(wanted)


def test_an_even_guide_leaves_differences_and_curvature_of_brightness() -> None:
    images = RNG.standard_normal(SHAPE)
    even = ShapeDifferences(0.7, np.full(SHAPE[1:], 3.0))
    plain = SquaredDifferences(0.5)
    wanted = 1.4 * plain.value(images)
    wanted += 0.7 * SMOOTH_AREA * np.sum(plain.gradient(images) ** 2)
    assert even.value(images) == pytest.approx(wanted)


def test_the_scale_of_the_guide_does_not_matter() -> None:
    images = RNG.standard_normal(SHAPE)
    brighter = ShapeDifferences(0.7, 10 * GUIDE)
    assert brighter.value(images) == pytest.approx(penalty().value(images))


@pytest.mark.parametrize("shape", [(5, 7), (1, 4), (4, 1)])
def test_draws_have_the_inverse_hessian_for_covariance(shape: tuple[int, int]) -> None:
    guide = RNG.uniform(0.5, 2.0, shape)
    differences = ShapeDifferences(0.5, guide)
    units = np.eye(guide.size).reshape(-1, 1, *shape)
    hessian = np.stack([differences.gradient(u).ravel() for u in units])
    drawn = differences.draw(np.random.default_rng(1), 20_000).reshape(20_000, -1)
    tilts = drawn @ hessian  # of what costs nothing there may be any amount
    found = tilts.T @ tilts / len(tilts)
    assert_allclose(found, hessian, atol=0.04 * hessian.diagonal().max())


def test_a_single_pixel_has_no_shape_to_change() -> None:
    differences = ShapeDifferences(1.0, np.ones((1, 1)))
    assert differences.value(np.ones((3, 1, 1))) == 0
    assert not differences.draw(RNG, 3).any()


def test_the_curvature_is_the_diagonal_of_the_hessian() -> None:
    units = np.eye(35).reshape(35, 1, 5, 7)
    diagonal = [penalty().gradient(u)[0].ravel()[i] for i, u in enumerate(units)]
    assert_allclose(penalty().curvature((5, 7)).ravel(), diagonal)


def test_impossible_guides_and_strengths_are_refused() -> None:
    with pytest.raises(ValueError, match="mu must not be negative"):
        ShapeDifferences(-0.1, GUIDE)
    with pytest.raises(ValueError, match="guide must be above zero"):
        ShapeDifferences(0.1, 0 * GUIDE)


def test_the_slope_by_the_guide_is_a_difference_of_hessians():
    rng = np.random.default_rng(8)
    guide, change = rng.uniform(1, 3, (4, 5)), rng.normal(size=(4, 5))
    left, right = rng.normal(size=(2, 3, 4, 5))

    def product(step):
        penalty = ShapeDifferences(0.7, guide + step * change)
        return np.vdot(left, penalty.gradient(right))

    slope = ShapeDifferences(0.7, guide).guide_slope(left, right)
    difference = (product(1e-4) - product(-1e-4)) / 2e-4
    assert_allclose(np.vdot(slope, change), difference, rtol=1e-6)
