import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from hifred.errors import HifredError, SchemaError
from hifred.observations.formats.energy_grids import evened, grid_weights, joined_edges
from hifred.observations.formats.rmf import Arf, Rmf


def gaussian_rmf(energy_edges: np.ndarray, sigma: float = 0.07) -> Rmf:
    channel_edges = np.arange(5.0, 8.0, 0.015)
    centre = 0.5 * (channel_edges[1:] + channel_edges[:-1])
    energy = 0.5 * (energy_edges[1:] + energy_edges[:-1])
    matrix = np.exp(-0.5 * ((centre[:, None] - energy) / sigma) ** 2)
    matrix /= matrix.sum(axis=0)
    return Rmf(
        sparse.csr_array(matrix),
        energy_edges,
        np.arange(len(centre)),
        channel_edges[:-1],
        channel_edges[1:],
    )


def test_equal_grids_give_the_identity() -> None:
    edges = np.array([0.2, 0.5, 0.9, 1.0, 1.7])
    assert_array_equal(grid_weights(edges, edges, "x").toarray(), np.eye(4))


def test_edges_in_single_precision_are_the_same_grid() -> None:
    edges = np.arange(6.2, 6.9, 5e-4)
    weights = grid_weights(edges.astype(np.float32), edges, "x")
    assert_allclose(weights.toarray(), np.eye(len(edges) - 1), atol=1e-9)


def test_edges_rounded_to_single_precision_are_spaced_evenly() -> None:
    edges = np.linspace(2.0, 16.0, 28001)
    rounded = evened(edges.astype(np.float32).astype(float))
    assert np.ptp(np.diff(rounded)) < 1e-12
    assert_allclose(rounded, edges, atol=1e-6)
    uneven = np.array([1.0, 2.0, 3.01])
    assert_array_equal(evened(uneven), uneven)


def test_a_wider_bin_gets_the_overlap_weighted_mean() -> None:
    weights = grid_weights(np.array([0.0, 1, 2, 3]), np.array([0.5, 2.5]), "x")
    assert_allclose(weights.toarray(), [[0.25, 0.5, 0.25]])


def test_a_narrower_bin_gets_the_interpolation() -> None:
    weights = grid_weights(np.array([0.0, 1, 2, 3]), np.array([1.0, 1.25]), "x")
    assert_allclose(weights.toarray(), [[0.375, 0.625, 0.0]])


@pytest.mark.parametrize("step", [0.0011, 0.004, 0.005, 0.0173])
def test_weights_sum_to_one(step: float) -> None:
    weights = grid_weights(np.arange(6, 7.2, 0.005), np.arange(6.1, 7.1, step), "x")
    assert_allclose(weights.sum(axis=1), 1)
    assert weights.min() >= 0


def test_a_finer_grid_shifts_lines_smoothly() -> None:
    fine = np.arange(6.2, 6.9, 0.0005)
    rmf = gaussian_rmf(np.arange(6.0, 7.1, 0.005)).on_grid(fine)
    centre = 0.5 * (rmf.channel_low + rmf.channel_high)
    energy = 0.5 * (fine[1:] + fine[:-1])
    assert_allclose(centre @ rmf.matrix.toarray(), energy, atol=2e-6)


def test_outside_the_grid_is_told() -> None:
    with pytest.raises(HifredError, match=r"inside the ARF, 1 to 2 keV; got 0.5 to 1"):
        Arf(np.array([1.0, 2.0]), np.ones(1)).on_grid(np.array([0.5, 1.0]))


def test_grouping_keeps_the_photons_of_whole_groups() -> None:
    rmf = gaussian_rmf(np.arange(6.0, 7.0, 0.05))
    grouped = rmf.group(3)
    assert grouped.n_channels == rmf.n_channels // 3
    whole = rmf.matrix.toarray()[: 3 * grouped.n_channels]
    expected = whole.reshape(grouped.n_channels, 3, -1).sum(axis=1)
    assert_allclose(grouped.matrix.toarray(), expected)
    assert_allclose(grouped.channel_edges, rmf.channel_edges[::3][: len(expected) + 1])


def test_folding_is_the_matrix_product() -> None:
    rmf = gaussian_rmf(np.arange(6.0, 7.0, 0.05))
    flux = np.arange(rmf.n_energies, dtype=float)
    assert_allclose(rmf.fold(flux), rmf.matrix.toarray() @ flux)


def test_a_band_without_channels_is_told() -> None:
    with pytest.raises(HifredError, match="band must contain channels; got 9 to 10"):
        gaussian_rmf(np.arange(6.0, 7.0, 0.05)).cut(9, 10)


def test_gaps_and_inverted_edges_are_told() -> None:
    with pytest.raises(SchemaError, match="bin 0 ends at 1"):
        joined_edges(np.array([0.0, 1.5]), np.array([1.0, 2.0]), "bins")
    with pytest.raises(SchemaError, match="must increase"):
        joined_edges(np.array([1.0, 1.0]), np.array([1.0, 2.0]), "bins")


def test_a_factor_below_one_is_told() -> None:
    with pytest.raises(HifredError, match="factor must be at least 1"):
        gaussian_rmf(np.arange(6.0, 7.0, 0.05)).group(0)
