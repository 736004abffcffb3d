from importlib import resources

import numpy as np

from hifred.simulation.line_table import read_line_table


def test_the_table_is_small_and_says_where_it_comes_from():
    path = resources.files("hifred.simulation") / "data" / "lines.npz"
    assert len(path.read_bytes()) < 300_000
    assert "AtomDB/APEC 3.0.9" in read_line_table().provenance


def test_the_table_is_sound():
    table = read_line_table()
    assert table.emissivity.shape == (len(table.kt), len(table.energy))
    assert np.all(np.diff(table.energy) >= 0)
    assert np.all(table.emissivity >= 0)
    assert np.all(table.emissivity.max(axis=0) > 0)
    assert np.ptp(np.diff(np.log(table.kt))) < 1e-4


def test_a_selection_holds_the_lines_of_a_band():
    table = read_line_table()
    selected = table.select(0.6, 0.7)
    inside = (table.energy > 0.6) & (table.energy < 0.7)
    assert len(selected.energy) == inside.sum() > 0
    assert np.array_equal(selected.emissivity, table.emissivity[:, inside])
