import numpy as np
from numpy.testing import assert_allclose

from hifred.dims import LIGHT_SPEED_KM_S
from hifred.simulation import plasma
from hifred.simulation.cells import (
    KT_NODES_KEV,
    LOG_TAU_NODES,
    PlasmaCells,
    deposit_matrix,
    join_cells,
    sum_spectra,
)
from hifred.simulation.line_table import read_line_table

EDGES = np.linspace(0.6, 0.7, 101)


def cells(pixel, velocity, kt=None, log_tau=None):
    n = len(pixel)
    return PlasmaCells(
        pixel=np.array(pixel),
        emission_measure=np.arange(1.0, n + 1),
        kt=np.full(n, KT_NODES_KEV[4]) if kt is None else np.array(kt),
        log_tau=np.full(n, LOG_TAU_NODES[6]) if log_tau is None else np.array(log_tau),
        velocity=np.array(velocity, float),
        abundance=np.linspace(1.0, 2.0, 5 * n).reshape(5, n),
    )


def spectrum_by_lines(part, k, edges):
    """One cell at a time, every line on its own."""
    table = read_line_table()
    state = np.array([part.kt[k]]), np.array([part.log_tau[k]])
    emissivity = plasma.line_emissivity(table, *state)[0]
    for group, members in enumerate(plasma.ELEMENT_GROUPS.values()):
        emissivity[np.isin(table.element, members)] *= part.abundance[group, k]
    energy = table.energy * (1 - part.velocity[k] / LIGHT_SPEED_KM_S)
    step = edges[1] - edges[0]
    total = plasma.continuum_emissivity(state[0], edges)[0]
    for e, amount in zip(energy, emissivity, strict=True):
        place = (e - edges[0]) / step - 0.5
        lower = int(np.floor(place))
        for i, share in ((lower, 1 - place + lower), (lower + 1, place - lower)):
            if 0 <= i < len(total):
                total[i] += share * amount
    return part.emission_measure[k] * total


def test_spectra_agree_with_a_sum_line_by_line():
    # On nodes of temperature, age and velocity nothing is interpolated.
    part = cells([0, 2, 2], [-600.0, 0.0, 300.0])
    found = sum_spectra(part, EDGES, 3, velocity_step=300.0)
    first, *others = (spectrum_by_lines(part, k, EDGES) for k in range(3))
    scale = found.max()
    assert_allclose(found[:, 0], first, atol=2e-3 * scale)
    assert_allclose(found[:, 1], 0)
    assert_allclose(found[:, 2], sum(others), atol=2e-3 * scale)


def test_a_cell_between_nodes_lies_between_them():
    state = {"kt": [np.sqrt(KT_NODES_KEV[4] * KT_NODES_KEV[5])], "log_tau": [10.7]}
    low, high = (
        sum_spectra(cells([0], [0], **s), EDGES, 1, velocity_step=100.0)
        for s in (
            {"kt": KT_NODES_KEV[4:5], "log_tau": [10.5]},
            {"kt": KT_NODES_KEV[5:6], "log_tau": [11.0]},
        )
    )
    between = sum_spectra(cells([0], [0], **state), EDGES, 1, velocity_step=100.0)
    assert min(low.sum(), high.sum()) < between.sum() < max(low.sum(), high.sum())


def test_deposited_lines_keep_photons_and_mean_energy():
    energy = np.array([0.6123, 0.65, 0.69])
    matrix = deposit_matrix(energy, EDGES).toarray()
    centres = 0.5 * (EDGES[1:] + EDGES[:-1])
    assert_allclose(matrix.sum(axis=1), 1)
    assert_allclose(matrix @ centres, energy)


def test_lines_outside_the_band_are_lost():
    assert deposit_matrix(np.array([0.5, 0.8]), EDGES).nnz == 0


def test_cells_join():
    joined = join_cells([cells([0], [1]), cells([1, 1], [2, 3])])
    assert joined.pixel.tolist() == [0, 1, 1]
    assert joined.abundance.shape == (5, 3)


def test_no_lines_leave_the_continuum():
    found = sum_spectra(
        cells([0], [0]), np.linspace(3.0, 3.1, 11), 1, velocity_step=300.0
    )
    assert np.all(found > 0)
