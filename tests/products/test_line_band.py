import numpy as np
import pytest

from hifred.errors import HifredError
from hifred.products.line_band import HIGH, LOW, WINDOW, line_band
from hifred.products.resolution import line_shape
from hifred.products.settings import LineChoice, LineSettings

EDGES = np.linspace(6.4, 7.0, 601)


def band(choice: dict, redshift: float = 0.0, **settings):
    whole = LineSettings(lines={"iron": choice}, redshift=redshift, **settings)
    return line_band(
        "iron",
        LineChoice(**choice),
        whole,
        energy_edges=EDGES,
        resolution=line_shape(None, 0.001),
    )


def test_the_window_lies_between_its_side_bands() -> None:
    found = band({"energy_kev": 6.7}, reach_km_s=2000.0)
    assert sorted(set(found.part)) == [LOW, WINDOW, HIGH]
    low, high = found.window_kev
    assert low == pytest.approx(6.7 * (1 - 2000 / 299792.458), abs=0.001)
    assert high == pytest.approx(6.7 * (1 + 2000 / 299792.458), abs=0.001)
    assert found.high[found.part == LOW].max() <= low + 1e-12
    assert found.low[found.part == HIGH].min() >= high - 1e-12


def test_groups_hold_each_bin_once() -> None:
    found = band({"energy_kev": 6.7})
    assert len(set(found.bins)) == len(found.bins)
    values = np.arange(3.0 * len(found.bins)).reshape(3, -1)
    assert found.summed(values).sum() == values.sum()
    widths = found.summed(np.diff(EDGES)[found.bins])
    np.testing.assert_allclose(widths, found.width)


def test_a_redshift_moves_the_line() -> None:
    found = band({"energy_kev": 6.7}, redshift=0.01)
    assert found.centre_kev == pytest.approx(6.7 / 1.01)


@pytest.mark.parametrize(
    ("choice", "redshift", "words"),
    [
        ({"energy_kev": 6.2}, 0.0, "'iron' .* between 6.4 and 7 keV; got 6.2 keV: it "),
        ({"line": "O VIII Ly-alpha"}, 0.0, r"iron.*O VIII Ly-alpha.*0.65362 keV"),
        ({"energy_kev": 6.7}, 0.2, "the redshift 0.2 moves it out of the band"),
        (
            {"energy_kev": 6.7, "window_kev": (6.4, 7.0)},
            0.0,
            "must have continuum beside its window, 6.4 to 7 keV; no bins are left",
        ),
        (
            {"energy_kev": 6.7, "window_kev": (6.5, 6.6)},
            0.0,
            "window_kev of 'iron' must hold its energy, 6.7 keV; got 6.5 to 6.6",
        ),
        (
            {"energy_kev": 6.99},
            0.0,
            "window of 'iron' must lie in the band of the cube, 6.4 to 7 keV",
        ),
        (
            {
                "energy_kev": 6.7,
                "window_kev": (6.6, 6.8),
                "side_bands_kev": [(6.5, 6.65), (6.8, 6.9)],
            },
            0.0,
            "without overlap; got 6.5 to 6.65, 6.8 to 6.9 keV",
        ),
        (
            {
                "energy_kev": 6.7,
                "window_kev": (6.6, 6.8),
                "side_bands_kev": [(6.4, 6.5), (6.45, 6.55)],
            },
            0.0,
            "must lie on either side of its window",
        ),
        (
            {"energy_kev": 6.7, "side_bands_kev": [(6.5, 6.45)]},
            0.0,
            "must have the lower energy first; got 6.5 and 6.45 keV",
        ),
        (
            {"energy_kev": 6.7, "side_bands_kev": [(6.4, 6.5)] * 3},
            0.0,
            "must be one or two bands; got 3",
        ),
        (
            {
                "energy_kev": 6.7,
                "window_kev": (6.6, 6.8),
                "side_bands_kev": [(0.5, 0.6), (6.8, 6.9)],
            },
            0.0,
            "each hold bins of the cube, 6.4 to 7 keV; 0.5 to 0.6 keV holds none",
        ),
    ],
)
def test_what_cannot_be_measured_is_told(choice, redshift, words) -> None:
    with pytest.raises(HifredError, match=words):
        band(choice, redshift)
