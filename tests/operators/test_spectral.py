"""Blurring and rebinning along one axis."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from hifred.operators.spectral import (
    channel_matrix,
    convolution_matrix,
    rebinning_matrix,
)

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


@pytest.mark.parametrize("boundary", ["zero", "reflect"])
@pytest.mark.parametrize("factor", [1, 3])
def test_channels_are_rebinned_convolutions(factor: int, boundary: str) -> None:
    edges = np.arange(0, 13, factor)
    found = channel_matrix(edges, 12, KERNEL, boundary).toarray()
    blur = convolution_matrix(KERNEL, 12, boundary)
    assert_allclose(found, rebinning_matrix(12, factor) @ blur, atol=1e-15)


def test_a_channel_takes_its_share_of_a_bin() -> None:
    found = channel_matrix(np.array([0.25, 1.5, 3.0]), 3).toarray()
    assert_allclose(found, [[0.75, 0.5, 0.0], [0.0, 0.5, 1.0]])


def test_channels_without_a_kernel_and_rebinning_are_the_identity() -> None:
    assert_array_equal(channel_matrix(np.arange(6), 5).toarray(), np.eye(5))


def test_an_even_kernel_is_refused_for_channels() -> None:
    with pytest.raises(ValueError, match="kernel must be 1-D with an odd length"):
        channel_matrix(np.arange(6), 5, np.ones(2))
