import numpy as np
from numpy.testing import assert_allclose

from hifred.products import CountDraws, measure_lines
from hifred.products.line_table import line_table
from tests.products.made_up_lines import line_cube

IRON = {"lines": {"iron": {"energy_kev": 6.7}}, "reach_km_s": 2500.0}


def test_a_table_has_a_row_for_each_line_and_group() -> None:
    cube, _ = line_cube((3, 4), counts=400.0)
    settings = IRON | {
        "lines": IRON["lines"] | {"other": {"energy_kev": 6.65}},
        "binning": "voronoi",
        "target_counts": 3000,
    }
    maps = measure_lines(cube, settings, draws=CountDraws(cube, 3))
    table = line_table(maps)
    assert set(table["line"]) == {"iron", "other"}
    for name, rows in table.groupby("line"):
        number = maps["bin_number"].sel(line=name).to_numpy()
        assert len(rows) == number.max() + 1
        assert rows["n_pixels"].sum() == number.size
        for _, row in rows.iterrows():
            inside = number == row["bin"]
            velocity = maps["velocity"].sel(line=name).to_numpy()[inside]
            assert_allclose(velocity, row["velocity [km s-1]"])
            y, x = np.nonzero(inside)
            assert_allclose(10.0 * y.mean(), row["y_arcsec"])
            assert_allclose(10.0 * x.mean(), row["x_arcsec"])
    assert "flux_error [photon cm-2 s-1]" in table


def test_without_lines_the_table_is_empty() -> None:
    cube, _ = line_cube((2, 3))
    maps = measure_lines(cube, {"moments": {"all": {"band_kev": (6.5, 6.9)}}})
    assert line_table(maps).empty
