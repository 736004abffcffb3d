import numpy as np
import pytest

from hifred.products.resolution import line_shape
from hifred.simulation.instruments import line_spread_kernel


def sampled(shape, offsets):
    distance = (offsets[:, None] - shape.offsets) ** 2 / (2 * shape.variances)
    heights = shape.shares / np.sqrt(2 * np.pi * shape.variances)
    return np.exp(-distance) @ heights


@pytest.mark.parametrize("kind", ["gaussian", "realistic"])
def test_gaussians_describe_a_line_spread(kind) -> None:
    kernel = line_spread_kernel(kind, 5.0, 0.5)
    offsets = 0.0005 * (np.arange(len(kernel)) - len(kernel) // 2)
    shape = line_shape(kernel, 0.0005)
    assert (
        np.abs(sampled(shape, offsets) * 0.0005 - kernel).max() < 0.005 * kernel.max()
    )
    assert shape.mean == pytest.approx(kernel @ offsets, abs=1e-4)
    assert shape.variance == pytest.approx(
        kernel @ (offsets - kernel @ offsets) ** 2, rel=0.03
    )


def test_one_gaussian_keeps_the_moments_exactly() -> None:
    kernel = line_spread_kernel("gaussian", 5.0, 0.5)
    shape = line_shape(kernel, 0.0005)
    assert len(shape.shares) == 1
    offsets = 0.0005 * (np.arange(len(kernel)) - len(kernel) // 2)
    assert shape.variance == pytest.approx(kernel @ offsets**2, rel=1e-12)


def test_without_a_line_spread_a_line_has_no_width() -> None:
    assert line_shape(None, 0.001).variance == 0.0
    assert line_shape(np.ones(1), 0.001).variance == 0.0


def test_a_complex_adds_its_own_variance() -> None:
    shape = line_shape(line_spread_kernel("gaussian", 5.0, 0.5), 0.0005)
    shares = np.array([0.25, 0.75])
    several = shape.of_complex(np.array([1.0, 1.1]), shares)
    assert several.mean == pytest.approx(0.0, abs=1e-12)
    assert several.variance == pytest.approx(shape.variance + 0.1**2 * 3 / 16)


def test_lines_nearer_than_the_resolution_stand_as_one() -> None:
    shape = line_shape(line_spread_kernel("gaussian", 5.0, 0.5), 0.0005)
    energies = np.array([1.0, 1.0003, 1.02])
    shares = np.array([0.3, 0.3, 0.4])
    merged = shape.of_complex(energies, shares)
    assert len(merged.shares) == 2
    assert merged.shares.sum() == pytest.approx(1.0)
    mean = energies @ shares
    assert merged.mean == pytest.approx(0.0, abs=1e-12)
    assert merged.variance == pytest.approx(
        shape.variance + shares @ (energies - mean) ** 2
    )
