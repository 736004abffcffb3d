"""Squared differences: gradient, null space, curvature."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from hifred.functionals.sobolev import SquaredDifferences
from tests.laws import assert_gradient

RNG = np.random.default_rng(8)
SHAPE = (2, 5, 7)


@pytest.mark.parametrize("difference", ["gradient", "mixed"])
def test_the_gradient_is_the_slope_of_the_value(difference: str) -> None:
    penalty = SquaredDifferences(0.7, difference)
    assert_gradient(penalty, RNG.standard_normal(SHAPE), RNG.standard_normal(SHAPE))


def test_first_differences_are_summed_in_both_directions() -> None:
    images = RNG.standard_normal(SHAPE)
    expected = 0.7 * sum(np.sum(np.diff(images, axis=a) ** 2) for a in (1, 2))
    assert_allclose(SquaredDifferences(0.7).value(images), expected)


def test_the_mixed_difference_leaves_sums_of_profiles_free() -> None:
    images = np.add.outer(RNG.random(5), RNG.random(7))[None]
    assert SquaredDifferences(1.0, "mixed").value(images) == pytest.approx(0, abs=1e-12)
    assert SquaredDifferences(1.0).value(images) > 0.1


@pytest.mark.parametrize("difference", ["gradient", "mixed"])
def test_the_curvature_is_the_diagonal_of_the_hessian(difference: str) -> None:
    penalty = SquaredDifferences(0.7, difference)
    units = np.eye(35).reshape(35, 1, 5, 7)
    diagonal = [penalty.gradient(u)[0].ravel()[i] for i, u in enumerate(units)]
    assert_allclose(penalty.curvature((5, 7)).ravel(), diagonal)


def test_the_mixed_difference_agrees_with_the_published_one(shared_data) -> None:
    reference = np.load(shared_data / "reference_operators" / "rebinned.npz")
    images = reference["W_rank5"].reshape(5, 21, 21)
    found = SquaredDifferences(0.5, "mixed").gradient(images)
    inside = (slice(None), slice(3, -3), slice(3, -3))
    assert_allclose(
        np.abs(found[inside]), np.abs(reference["sobolev_Dt_of_D"][inside]), atol=1e-9
    )


def test_a_negative_strength_is_refused() -> None:
    with pytest.raises(ValueError, match="mu must not be negative"):
        SquaredDifferences(-0.1)
    with pytest.raises(ValueError, match="difference must be one of"):
        SquaredDifferences(0.1, "second")


@pytest.mark.parametrize("difference", ["gradient", "mixed"])
@pytest.mark.parametrize("shape", [(1, 1), (1, 4), (4, 1), (2, 2), (5, 3)])
def test_images_of_any_size_agree_with_dense_differences(
    shape: tuple[int, int], difference: str
) -> None:
    along_y, along_x = (np.diff(np.eye(n), axis=0) for n in shape)
    image = RNG.standard_normal(shape)
    second_y, second_x = along_y.T @ along_y, along_x.T @ along_x
    if difference == "mixed":
        expected = second_y @ image @ second_x
    else:
        expected = second_y @ image + image @ second_x
    found = SquaredDifferences(0.5, difference).gradient(image[None])
    assert_allclose(found[0], expected, atol=1e-12)
