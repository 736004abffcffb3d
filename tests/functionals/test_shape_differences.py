"""Differences of shape: gradient, null space, adjoint, curvature."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from hifred.functionals.shape_differences import ShapeDifferences
from hifred.functionals.sobolev import SquaredDifferences
from tests.laws import assert_gradient

RNG = np.random.default_rng(8)
SHAPE = (2, 5, 7)
N_EDGES = 4 * 7 + 5 * 6
GUIDE = RNG.uniform(0.1, 3.0, SHAPE[1:])
WEIGHTS = RNG.uniform(0.2, 2.0, N_EDGES)


def penalty(strength: float = 0.7) -> ShapeDifferences:
    return ShapeDifferences(strength, GUIDE, WEIGHTS)


def test_the_gradient_is_the_slope_of_the_value() -> None:
    assert_gradient(penalty(), RNG.standard_normal(SHAPE), RNG.standard_normal(SHAPE))


def test_images_in_proportion_to_the_guide_are_free() -> None:
    assert penalty().value(np.multiply.outer([2.0, -1.0], GUIDE)) < 1e-20
    assert penalty().value(np.ones(SHAPE)) > 0.1


def test_one_pair_weighs_as_its_equation_says() -> None:
    guide, images = np.array([[1.0, 4.0]]), np.array([[[3.0, 8.0]], [[0.0, 2.0]]])
    shapes = (3.0 - 2.0) ** 2 + 0.5**2
    found = ShapeDifferences(0.7, guide, np.array([0.3])).value(images)
    assert found == pytest.approx(0.7 * 0.3 * 2.5 * 2.0 * shapes)


def test_an_even_guide_leaves_the_differences_of_brightness() -> None:
    images = RNG.standard_normal(SHAPE)
    even = ShapeDifferences(0.7, np.full(SHAPE[1:], 3.0))
    assert even.value(images) == pytest.approx(SquaredDifferences(0.7).value(images))


def test_the_scale_of_the_guide_does_not_matter() -> None:
    images = RNG.standard_normal(SHAPE)
    brighter = ShapeDifferences(0.7, 10 * GUIDE, WEIGHTS)
    assert brighter.value(images) == pytest.approx(penalty().value(images))


@pytest.mark.parametrize("shape", [(2, 5, 7), (1, 1, 4), (3, 4, 1), (1, 1, 1)])
def test_spreading_is_the_transpose_of_changing(shape: tuple[int, ...]) -> None:
    differences = ShapeDifferences(1.0, RNG.uniform(0.5, 2.0, shape[1:]))
    images = RNG.standard_normal(shape)
    changes = RNG.standard_normal((shape[0], differences.n_edges))
    forward = np.vdot(differences.changes(images), changes)
    assert_allclose(forward, np.vdot(images, differences.spread(changes)), atol=1e-12)


def test_the_curvature_is_the_diagonal_of_the_hessian() -> None:
    units = np.eye(35).reshape(35, 1, 5, 7)
    diagonal = [penalty().gradient(u)[0].ravel()[i] for i, u in enumerate(units)]
    assert_allclose(penalty().curvature((5, 7)).ravel(), diagonal)


def test_impossible_guides_and_strengths_are_refused() -> None:
    with pytest.raises(ValueError, match="mu must not be negative"):
        ShapeDifferences(-0.1, GUIDE)
    with pytest.raises(ValueError, match="guide must be above zero"):
        ShapeDifferences(0.1, 0 * GUIDE)


@pytest.mark.parametrize("mirror", [np.s_[::-1, ::1], np.s_[::1, ::-1]])
def test_mirrored_changes_are_those_of_mirrored_images(
    mirror: tuple[slice, slice],
) -> None:
    images = RNG.standard_normal(SHAPE)
    plain = ShapeDifferences(1.0, GUIDE)
    turned = ShapeDifferences(1.0, GUIDE[mirror])
    found = plain.mirrored(plain.changes(images), mirror)
    assert_allclose(found, turned.changes(images[:, *mirror]))


def test_the_slope_by_the_guide_is_a_difference_of_hessians():
    rng = np.random.default_rng(8)
    guide, change = rng.uniform(1, 3, (4, 5)), rng.normal(size=(4, 5))
    weights = rng.uniform(0.5, 1, ShapeDifferences(1.0, guide).n_edges)
    left, right = rng.normal(size=(2, 3, 4, 5))

    def product(step):
        penalty = ShapeDifferences(0.7, guide + step * change, weights)
        return np.vdot(left, penalty.gradient(right))

    slope = ShapeDifferences(0.7, guide, weights).guide_slope(left, right)
    difference = (product(1e-4) - product(-1e-4)) / 2e-4
    assert_allclose(np.vdot(slope, change), difference, rtol=1e-6)
