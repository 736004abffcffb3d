"""Lines are found by what people type."""

import pytest

from hifred.explore.explorer import Explorer
from hifred.explore.typed_line import find_line


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Fe XXV", "Fe XXV He-alpha"),
        ("FeXXV", "Fe XXV He-alpha"),
        ("Fe He-alpha", "Fe XXV He-alpha"),
        ("fe xxv w", "Fe XXV w"),
        ("O VIII Lyα", "O VIII Ly-alpha"),
        ("o viii ly-beta", "O VIII Ly-beta"),
        ("Fe", None),
        ("0.6", None),
        ("U XC", None),
    ],
)
def test_a_line_is_found_by_its_words(typed, name) -> None:
    assert find_line(typed) == name


@pytest.fixture(scope="module")
def explorer(shelf):
    explorer = Explorer(shelf)
    explorer.show()
    return explorer


def test_a_typed_line_shows_its_energies(explorer) -> None:
    explorer.map_controls.typed_band.value = "O VIII Ly-alpha"
    assert explorer.view.line == "O VIII Ly-alpha"
    assert explorer.spectrum_controls.line.value == "O VIII Ly-alpha"
    low, high = explorer.view.band
    assert low < 0.65343 < high
    assert high - low < 0.01


def test_a_line_beyond_the_cubes_is_refused_with_its_energy(explorer) -> None:
    before = explorer.view
    explorer.map_controls.typed_band.value = "Fe XXV"
    assert explorer.view == before
    told = explorer.map_controls.typed_band.placeholder
    assert told.startswith("Fe XXV He-alpha must be within 0.5-1.4 keV; it is at 6.6")
