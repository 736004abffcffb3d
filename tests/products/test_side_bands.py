import numpy as np
from numpy.testing import assert_allclose

from hifred.products import CountDraws, measure_lines
from hifred.products.line_band import WINDOW
from hifred.products.side_bands import continuum_error
from tests.products.made_up_lines import band, expected, line_cube


def test_a_straight_continuum_makes_no_error() -> None:
    lines = band()
    sloped = 30.0 + 5.0 * (lines.energy - lines.energy[0])
    spectra = np.stack([expected(lines, 40.0), sloped * lines.width])
    assert_allclose(continuum_error(spectra, lines), 0.0, atol=1e-9)


def test_what_scatters_in_side_bands_is_an_error_of_the_line() -> None:
    lines = band()
    side = lines.part != WINDOW
    # Up and down in pairs, so that neither side has another mean.
    off = np.where(side, np.resize([2.0, -2.0], side.size), 0.0)
    n_bins = int(side.sum())
    means = [off[lines.part == part].sum() for part in np.unique(lines.part[side])]
    assert_allclose(means, 0.0)
    found = continuum_error(((30.0 + off) * lines.width)[None], lines)
    low, high = lines.window_kev
    # Some groups are a bin wider than others.
    assert_allclose(found, 2.0 * (high - low) / np.sqrt(n_bins - 2), rtol=1e-3)


def test_a_line_in_a_side_band_is_told_above_what_counts_make() -> None:
    cube, _ = line_cube((3, 4), counts=20000.0)
    iron = {"lines": {"iron": {"energy_kev": 6.7}}, "reach_km_s": 2000.0}
    alone = measure_lines(cube, iron)
    beside = cube.copy(deep=True)
    beside["flux"][{"energy": slice(375, 380)}] += 0.02
    found = measure_lines(beside, iron, draws=CountDraws(beside, 2))
    share = (found["continuum_error"] / found["flux"]).median()
    assert found["continuum_error"].attrs["units"] == found["flux"].attrs["units"]
    assert float(share) > 5 * float((alone["continuum_error"] / alone["flux"]).median())


def test_a_centroid_beyond_the_window_is_no_velocity() -> None:
    cube, _ = line_cube((1, 2), counts=20000.0)
    iron = {"lines": {"iron": {"energy_kev": 6.7}}, "reach_km_s": 2000.0}
    low = float(measure_lines(cube, iron)["window_low"][0])
    # Light at the lower end, and as much too little further up.
    energy = cube["energy"].to_numpy()
    flux = cube["flux"].copy(data=np.ones(cube["flux"].shape))
    flux[{"energy": (energy > low) & (energy < low + 0.01), "x": 0}] += 10.0
    flux[{"energy": (energy > 6.7) & (energy < 6.708), "x": 0}] -= 10.0
    found = measure_lines(cube.assign(flux=flux), iron)
    assert float(found["moment_flux"][0, 0, 0]) > 0
    for name in ("moment_velocity", "moment_width", "moment_equivalent_width"):
        assert np.isnan(found[name][0, 0, 0])
