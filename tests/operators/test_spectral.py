"""Blurring and rebinning along one axis."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from hifred.operators.spectral import convolution_matrix, rebinning_matrix

KERNEL = np.array([0.1, 0.2, 0.4, 0.25, 0.05])


@pytest.mark.parametrize("n", [44, 45, 46])
@pytest.mark.parametrize("kernel", [np.ones(1), np.array([0.0, 1.0, 0.0])])
@pytest.mark.parametrize("boundary", ["zero", "reflect"])
def test_a_delta_kernel_is_the_identity(
    n: int, kernel: np.ndarray, boundary: str
) -> None:
    assert_array_equal(convolution_matrix(kernel, n, boundary), np.eye(n))


@pytest.mark.parametrize("n", [7, 8, 31])
def test_zero_boundary_is_numpy_convolution(n: int) -> None:
    x = np.random.default_rng(3).random(n)
    expected = np.convolve(x, KERNEL, mode="full")[2 : 2 + n]
    assert_allclose(convolution_matrix(KERNEL, n) @ x, expected, rtol=1e-13)


@pytest.mark.parametrize("n", [2, 7, 8])
def test_reflect_is_convolution_of_the_mirrored_axis(n: int) -> None:
    x = np.random.default_rng(3).random(n)
    expected = np.convolve(np.pad(x, 2, mode="reflect"), KERNEL, mode="valid")
    matrix = convolution_matrix(KERNEL, n, "reflect")
    assert_allclose(matrix @ x, expected, rtol=1e-13)


def test_it_is_convolution_and_not_correlation() -> None:
    assert_allclose(convolution_matrix(KERNEL, 5)[:, 2], KERNEL)


def test_rebinning_sums_neighbours() -> None:
    matrix = rebinning_matrix(6, 3)
    assert_array_equal(matrix @ np.arange(6), [3, 12])


def test_bad_arguments_are_named() -> None:
    with pytest.raises(ValueError, match="kernel must be 1-D with an odd length"):
        convolution_matrix(np.ones(4), 5)
    with pytest.raises(ValueError, match="boundary must be one of"):
        convolution_matrix(KERNEL, 5, "wrap")
    with pytest.raises(ValueError, match="factor must divide"):
        rebinning_matrix(7, 2)
