"""What conditions on events leave unseen is masked, and told."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from hifred.errors import SettingsError
from hifred.observations.events.expression import Expression
from hifred.observations.events.filters import ColumnFilter
from hifred.observations.events.unseen import unseen_cells
from hifred.observations.preparation.instrument_settings import (
    GridSettings,
    InstrumentSettings,
)
from hifred.observations.preparation.recorded_counts import (
    Recorded,
    counts_from_events,
)
from tests.observations.events.lists import MIDDLE, events_hdu, write
from tests.observations.events.test_delivered_events import resolve_columns

SHAPE, PIXEL_ARCSEC = (10, 12), 8.0
GRID = GridSettings(83.0, 22.0, pixel_size_arcsec=PIXEL_ARCSEC, shape=SHAPE)
EDGES = np.arange(1.0, 6.01, 0.5)
N = 12000


def chips() -> dict[str, np.ndarray]:
    """Events all over the grid: CCD 6 has its four columns to the west, CCD 1 the rest.

    X grows to the west, as the columns of the grid do.
    """
    rng = np.random.default_rng(5)
    x = MIDDLE + rng.uniform(-48, 48, N)
    y = MIDDLE + rng.uniform(-40, 40, N)
    return {
        "TIME": np.linspace(0, 1e4, N, endpoint=False),
        "PI": rng.integers(1000, 6000, N),
        "X": x,
        "Y": y,
        "CCDNR": np.where(x > MIDDLE + 16, 6, 1),
        "PATTERN": rng.integers(0, 20, N),
        "FLAG": np.where(rng.random(N) < 0.1, 0x10000, 0),
        "DETX": -x,
        "RAWY": np.floor(y - MIDDLE + 40) // 8,
    }


WEST = np.zeros(SHAPE, dtype=bool)
WEST[:, 8:] = True
TOP = np.zeros(SHAPE, dtype=bool)
TOP[8:] = True


def recorded(
    path: Path, columns: dict[str, np.ndarray], filters: Any, **settings: Any
) -> Recorded:
    write(path / "e.fits", events_hdu(columns))
    of = {"effective_area_cm2": 1.0, "grid": GRID, "filters": filters} | settings
    instrument = InstrumentSettings("imager", events=str(path / "e.fits"), **of)
    return counts_from_events("im", instrument, EDGES)


@pytest.mark.parametrize(
    ("filters", "off", "asked"),
    [
        ({"CCDNR": ColumnFilter(exclude=(6,))}, WEST, "CCDNR"),
        ({"CCDNR": ColumnFilter(among=(1,))}, WEST, "CCDNR"),
        ("PATTERN <= 12 && CCDNR != 6", WEST, "CCDNR"),
        ("PATTERN <= 12 && !(CCDNR == 6)", WEST, "CCDNR"),
        (f"DETX in [-{MIDDLE + 16}:0]", WEST, "DETX"),
        (f"X < {MIDDLE + 16}", WEST, "X"),
        ({"RAWY": ColumnFilter(maximum=7)}, TOP, "RAWY"),
        ("CCDNR != 6 && RAWY < 8", WEST | TOP, "CCDNR, RAWY"),
    ],
)
def test_the_sky_of_a_dropped_ccd_is_masked(
    tmp_path: Path, filters: Any, off: np.ndarray, asked: str
) -> None:
    found = recorded(tmp_path, chips(), filters)
    assert_array_equal(~found.good.any(axis=0), off)
    assert found.counts.sum(axis=0)[off].sum() == 0
    assert found.notes[0].startswith(f"im: conditions on {asked} drop ")
    assert found.notes[0].endswith(f"leave unseen, {off.sum()} pixels, is masked.")


def test_conditions_on_grades_mask_nothing(tmp_path: Path) -> None:
    found = recorded(tmp_path, chips(), "PATTERN == 0")
    assert found.good.all()


def test_a_condition_on_energies_masks_its_channels(tmp_path: Path) -> None:
    found = recorded(tmp_path, chips(), "PI in [2000:5200]")
    # Of the channel from 5 to 5.5 keV half is dropped.
    expected = (EDGES[:-1] >= 2) & (EDGES[1:] <= 5)
    assert_array_equal(found.good.all(axis=(1, 2)), expected)
    assert_array_equal(found.good.any(axis=(1, 2)), expected)
    assert "conditions on PI drop" in found.notes[0]
    assert "4 channels, is masked" in found.notes[0]


def test_pixels_of_an_array_are_named_in_an_expression_too(tmp_path: Path) -> None:
    columns = resolve_columns()
    hdu = events_hdu(columns, TELESCOP="XRISM", INSTRUME="RESOLVE")
    path = write(tmp_path / "e.fits", hdu)
    grid = GridSettings(83.0, 22.0, roll_deg=35.0)
    masks = []
    for filters in (
        "PIXEL != 12 && PIXEL != 27 && ITYPE < 2",
        {"PIXEL": ColumnFilter(exclude=(12, 27))},
    ):
        instrument = InstrumentSettings(
            "spectrometer", events=str(path), effective_area_cm2=1.0, grid=grid,
            filters=filters,
        )  # fmt: skip
        found = counts_from_events("re", instrument, EDGES)
        assert "re: PIXEL 12, 27 excluded by the filters; masked." in found.notes
        masks.append(~found.good.any(axis=0))
    assert masks[0].sum() == 2
    assert_array_equal(*masks)


def test_a_place_that_hangs_on_the_grade_is_told(tmp_path: Path) -> None:
    found = recorded(tmp_path, chips(), "CCDNR != 6 || PATTERN == 0")
    assert found.good.all()
    told = next(note for note in found.notes if "CCDNR" in note)
    assert "asks for CCDNR together with PATTERN" in told
    assert "not masked. Write it as conditions of their own" in told


def test_times_are_chosen_by_good_times(tmp_path: Path) -> None:
    message = r"not choose events by TIME, in 'TIME > 5000': .* good_time_files"
    with pytest.raises(SettingsError, match=message):
        recorded(tmp_path, chips(), "CCDNR == 1 && TIME > 5000")
    with pytest.raises(SettingsError, match="not choose events by TIME"):
        recorded(tmp_path, chips(), {"TIME": ColumnFilter(maximum=10)})


def test_flagged_events_that_are_kept_are_counted(tmp_path: Path) -> None:
    columns = chips()
    n_flagged = int(np.sum((columns["FLAG"] > 0) & (columns["PATTERN"] <= 4)))
    n_kept = int(np.sum(columns["PATTERN"] <= 4))
    found = recorded(tmp_path, columns, "PATTERN <= 4", usual_filters=False)
    assert (
        f"{n_flagged} of the {n_kept} events that are kept do not meet FLAG & "
        "0x766ba000 == 0, which is usual for this telescope" in found.notes[0]
    )
    # Fewer grades than usual meet what is usual.
    assert recorded(tmp_path, columns, "PATTERN <= 4").notes == ()


def test_a_cell_without_events_is_as_its_neighbour() -> None:
    kept, dropped = np.array([0.0, 1, 1, 6]), np.array([3.0, 3.4])
    off = unseen_cells([kept], [dropped], (8,))
    assert_array_equal(off[[0, 1, 3, 5, 6, 7]], [0, 0, 1, 0, 0, 0])


def test_an_expression_is_taken_apart_where_all_must_hold() -> None:
    text = "(PI in [2000:5200]) && CCDNR != 6 && (A == 1 || B < 2)"
    parts = Expression(text).parts
    assert [sorted(part.columns) for part in parts] == [["PI"], ["CCDNR"], ["A", "B"]]
    values = {"PI": np.array([1999, 2000, 5200, 5201])}
    assert_array_equal(parts[0].holds(values), [False, True, True, False])
    assert [str(part) for part in Expression("A == 1 || B < 2").parts] == [
        "A == 1 || B < 2"
    ]
