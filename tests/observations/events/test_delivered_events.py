"""Event lists as observatories deliver them: each right value by hand or by astropy."""

from pathlib import Path

import numpy as np
import pytest
from astropy import units
from astropy.coordinates import SkyCoord
from numpy.testing import assert_allclose, assert_array_equal

from hifred.errors import HifredError, SettingsError
from hifred.observations.events.binning import bin_events, event_pixels
from hifred.observations.events.detector_pixels import cells_off, turned_by
from hifred.observations.events.event_list import read_events
from hifred.observations.events.expression import Expression
from hifred.observations.events.filters import ColumnFilter
from hifred.observations.events.joined_list import read_event_files
from hifred.observations.formats.fits_files import FitsFormatError
from hifred.observations.geometry.pixel_grid import resolve_array, tangent_grid
from tests.observations.events.lists import (
    CENTRE,
    events_hdu,
    good_times_hdu,
    pixels_of,
    write,
)

N = 2000


def sky(n: int = N, seed: int = 3) -> SkyCoord:
    rng = np.random.default_rng(seed)
    angle, distance = rng.uniform(0, 360, n), np.abs(rng.normal(0, 40, n))
    return CENTRE.directional_offset_by(angle * units.deg, distance * units.arcsec)


def columns(n: int = N, frame: str = "icrs", **more: np.ndarray) -> dict:
    rng = np.random.default_rng(7)
    found = {
        "TIME": np.linspace(0, 1e4, n, endpoint=False) + 0.5,
        "PI": rng.integers(1500, 5500, n),
        **pixels_of(sky(n), frame),
    }
    return found | more


FRAMES = ["icrs", "fk5", "fk4", "galactic"]


@pytest.mark.parametrize("spelling", ["TCTYP", "REF"])
@pytest.mark.parametrize("frame", FRAMES)
def test_one_sky_in_any_frame_gives_the_same_counts(
    tmp_path: Path, frame: str, spelling: str
) -> None:
    hdu = events_hdu(columns(frame=frame), frame=frame, spelling=spelling)
    events = read_events(write(tmp_path / "e.fits", hdu))
    grid = tangent_grid(83.0, 22.0, pixel_size_arcsec=20, shape=(11, 12), roll_deg=20)
    x, y = grid.wcs.world_to_pixel(sky())
    assert_allclose(event_pixels(events, grid), [y, x], atol=1e-5)
    expected, _, _ = np.histogram2d(y, x, [np.arange(12) - 0.5, np.arange(13) - 0.5])
    assert_array_equal(bin_events(events, grid, np.array([0.0, 10]))[0], expected)
    assert expected.sum() > 0.9 * N


@pytest.mark.parametrize(
    ("kind", "keywords"),
    [
        ("SLON", {}),
        ("HPLN", {}),
        ("RA--", {"RADESYS": "GAPPT"}),
        ("RA--", {"RADESYS": "B1950"}),
    ],
)
def test_an_unknown_frame_is_refused_by_name(
    tmp_path: Path, kind: str, keywords: dict
) -> None:
    hdu = events_hdu(columns(), **keywords)
    other = {"SLON": "SLAT", "HPLN": "HPLT", "RA--": "DEC-"}[kind]
    hdu.header.update(TCTYP3=f"{kind}-TAN", TCTYP4=f"{other}-TAN")
    named = keywords.get("RADESYS", kind)
    with pytest.raises(HifredError, match=rf"e.fits\[EVENTS\] must be .*{named}"):
        read_events(write(tmp_path / "e.fits", hdu))


def test_angles_in_columns_have_the_frame_of_the_file(tmp_path: Path) -> None:
    there = sky().fk4
    hdu = events_hdu(
        columns(RA=there.ra.deg, DEC=there.dec.deg), RADESYS="FK4", EQUINOX=1950.0
    )
    path = write(tmp_path / "e.fits", hdu)
    events = read_events(path, coordinates=("RA", "DEC"))
    assert np.max(events.sky.icrs.separation(sky()).arcsec) < 1e-6


def kept(path: Path, **options: object) -> tuple[int, float]:
    events = read_events(path, **options)
    return len(events.x), events.exposure_time


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        # CCD 2 was off after 5000 s: nothing of it was recorded then, all is good.
        ([("STDGTI01", [(0, 1e4)]), ("STDGTI02", [(0, 5e3)])], (N, 1e4)),
        ([("STDGTI01", [(0, 1e4)]), ("STDGTI02", [])], (N, 1e4)),
        ([("STDGTI01", [(0, 1e4)]), ("GTI00003", [(0, 2e3)])], (N // 5, 2e3)),
        ([("GTI", [(0, 2.5e3)])], (N // 4, 2.5e3)),
        ([], (N, 1e4)),
    ],
)
def test_good_times_cut_events_and_exposure_alike(
    tmp_path: Path, tables: list, expected: tuple[int, float]
) -> None:
    hdus = [good_times_hdu(rows, name) for name, rows in tables]
    path = write(tmp_path / "e.fits", events_hdu(columns(), EXPOSURE=1e4), *hdus)
    assert kept(path) == expected


@pytest.mark.parametrize(
    ("keywords", "expected"),
    [
        ({"EXPOSURE": 9e3}, 9e3),
        ({"ONTIME": 1e4, "DEADC": 0.9}, 9e3),
        ({"DTCOR": 0.9}, 9e3),
        ({"EXPOSURE": 1.8e4, "ONTIME": 2e4}, 9e3),  # cut to half after it was written
        ({"EXPOSURE": 1e5, "DEADC": 0.9}, 9e3),
        ({"LIVETI01": 8e3, "LIVETI02": 9e3}, 9e3),
        ({}, 1e4),
    ],
)
def test_the_exposure_belongs_to_the_good_times(
    tmp_path: Path, keywords: dict, expected: float
) -> None:
    path = write(
        tmp_path / "e.fits",
        events_hdu(columns(), **keywords),
        good_times_hdu([(0, 1e4)]),
    )
    events = read_events(path)
    assert events.exposure_time == pytest.approx(expected)
    corrected = keywords.get("EXPOSURE", 0) > 1e4
    assert len(events.notes) == corrected
    assert all("good times sum to 10000 s" in note for note in events.notes)


@pytest.mark.parametrize(
    ("of_events", "of_times"),
    [
        ({"TIMEZERO": 3e4}, {"TIMEZERO": 2.75e4}),
        (
            {"MJDREF": 50814.0, "TIMESYS": "TT"},
            {"MJDREFI": 50814, "MJDREFF": -2.5e3 / 86400},
        ),
        ({"MJDREF": 50814.0}, {"TIMEZERO": -2500.0}),
    ],
)
def test_times_are_brought_to_one_clock(
    tmp_path: Path, of_events: dict, of_times: dict
) -> None:
    hdu = events_hdu(columns(), **of_events)
    path = write(tmp_path / "e.fits", hdu, good_times_hdu([(2.5e3, 7.5e3)], **of_times))
    assert kept(path) == (N // 2, 5e3)
    with_files = write(tmp_path / "list.fits", hdu)
    flare = write(tmp_path / "flare.gti", good_times_hdu([(2.5e3, 7.5e3)], **of_times))
    assert kept(with_files, good_time_files=[flare]) == (N // 2, 5e3)


def test_external_good_times_shrink_the_live_time(tmp_path: Path) -> None:
    path = write(
        tmp_path / "e.fits",
        events_hdu(columns(), EXPOSURE=9e3),
        good_times_hdu([(0, 1e4)]),
    )
    flare = write(tmp_path / "flare.gti", good_times_hdu([(1e3, 2e3), (5e3, 6e3)]))
    n, exposure = kept(path, good_time_files=[flare])
    assert (n, exposure) == (N // 5, pytest.approx(0.2 * 9e3))


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"TIMESYS": "UTC"}, r"\[GTI\] must be in the time system .* 'TT'; got 'UTC'"),
        ({"TIMEZERO": 1e6}, r"\[EVENTS\] column TIME .* Check TIMEZERO and MJDREF"),
        ({"TIMEZERO": "soon"}, r"\[GTI\] must have a number in TIMEZERO; got 'soon'"),
        ({"TIMEUNIT": "keV"}, r"\[GTI\] must have a unit of time in TIMEUNIT"),
    ],
)
def test_clocks_that_do_not_fit_are_told(
    tmp_path: Path, keywords: dict, message: str
) -> None:
    hdu = events_hdu(columns(), TIMESYS="TT")
    path = write(tmp_path / "e.fits", hdu, good_times_hdu([(0, 1e4)], **keywords))
    with pytest.raises(FitsFormatError, match=message):
        read_events(path)


def test_a_table_of_intervals_that_does_not_say_so_is_pointed_out(
    tmp_path: Path,
) -> None:
    other = good_times_hdu([(0, 5e3)], "FLARE_FREE", HDUCLAS1="TEMPORALDATA")
    path = write(tmp_path / "e.fits", events_hdu(columns()), other)
    events = read_events(path)
    assert len(events.x) == N
    assert "e.fits[FLARE_FREE] has START and STOP" in events.notes[0]
    assert kept(path, good_time_files=[path])[0] == N // 2


def test_undefined_values_of_dropped_rows_do_not_matter(tmp_path: Path) -> None:
    lost = np.arange(N) % 10 == 0
    found = columns(ITYPE=np.where(lost, 6, 0))
    for name in ("X", "Y"):
        found[name] = np.where(lost, np.nan, found[name])
    found["EPI"] = np.where(lost, np.nan, found["PI"] * 0.5)
    hdu = events_hdu(found, TELESCOP="XRISM", INSTRUME="RESOLVE")
    path = write(tmp_path / "e.fits", hdu)
    assert len(read_events(path).x) == N - N // 10
    events = read_events(path, energy_column="EPI")
    assert_allclose(events.energy, found["EPI"][~lost] * 1e-3)


def test_undefined_values_of_good_rows_are_counted(tmp_path: Path) -> None:
    found = columns()
    found["X"] = np.where(np.arange(N) < 7, np.nan, found["X"])
    hdu = events_hdu(found, TNULL2=-999)
    hdu.data["PI"][10:13] = -999
    events = read_events(write(tmp_path / "e.fits", hdu))
    rows = {row["cut"]: row["dropped"] for row in events.cuts.rows()}
    assert rows == {"recorded": 0, "energy defined": 3, "position defined": 7}


def epic_columns() -> tuple[dict, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(6)
    # OUT_OF_FOV; ON_OFFSET_COLUMN only in pn's set; CLOSE_TO_DEADPIX in neither.
    flag = rng.choice([0, 0x10000, 0x20, 0x100], N)
    pattern = rng.integers(0, 14, N)
    return columns(FLAG=flag, PATTERN=pattern), flag, pattern


@pytest.mark.parametrize(
    ("instrument", "mask", "largest"),
    [("EMOS1", 0x766BA000, 12), ("EPN", 0x2FB002C, 4)],
)
def test_epic_gets_the_standard_selection(
    tmp_path: Path, instrument: str, mask: int, largest: int
) -> None:
    found, flag, pattern = epic_columns()
    path = write(tmp_path / "e.fits", events_hdu(found, INSTRUME=instrument))
    expected = (pattern <= largest) & (flag & mask == 0)
    events = read_events(path)
    assert len(events.x) == expected.sum()
    assert [row["cut"] for row in events.cuts.rows()] == [
        "recorded", f"PATTERN <= {largest}", f"FLAG & {mask:#x} == 0",
        "energy defined", "position defined",
    ]  # fmt: skip
    macro = "#XMMEA_EM" if instrument == "EMOS1" else "#XMMEA_EP"
    written = f"{macro} && PATTERN in [0:{largest}]"
    assert len(read_events(path, filters=written, usual_filters=False).x) == (
        expected.sum()
    )


def resolve_columns(n: int = 7200, roll_deg: float = 35.0) -> dict:
    """Events of all 36 pixels at their places on a rolled array."""
    layout = np.array(
        [[12, 11, 9, 19, 21, 23], [14, 13, 10, 20, 22, 24], [16, 15, 17, 18, 25, 26],
         [8, 7, 0, 35, 33, 34], [6, 4, 2, 28, 31, 32], [5, 3, 1, 27, 29, 30]]
    )  # fmt: skip
    rng = np.random.default_rng(8)
    pixel = np.arange(n) % 36
    place = {int(k): at for at, k in np.ndenumerate(layout)}
    detx, dety = np.array([place[k] for k in pixel]).T
    grid = resolve_array(83.0, 22.0, roll_deg=roll_deg)
    # Seen from below the array's x runs the other way than the sky's.
    y = dety + rng.uniform(-0.5, 0.5, n)
    x = 5 - detx + rng.uniform(-0.5, 0.5, n)
    at = grid.sky_of(y, x)
    return {
        "TIME": rng.uniform(0, 1e4, n),
        "PI": rng.integers(3000, 11000, n),
        **pixels_of(at, "icrs"),
        "PIXEL": pixel,
        "ITYPE": rng.integers(0, 2, n),
        "DETX": detx + 1,
        "DETY": dety + 1,
    }


def resolve_list(path: Path, without: tuple[int, ...] = ()) -> Path:
    found = resolve_columns()
    seen = ~np.isin(found["PIXEL"], without)
    cut = {name: values[seen] for name, values in found.items()}
    return write(path, events_hdu(cut, TELESCOP="XRISM", INSTRUME="RESOLVE"))


def test_grades_stay_when_other_filters_are_added(tmp_path: Path) -> None:
    path = resolve_list(tmp_path / "e.fits")
    found = resolve_columns()
    good = (found["ITYPE"] == 0) & ~np.isin(found["PIXEL"], [12, 27])
    chosen = {"PIXEL": ColumnFilter(exclude=(12, 27))}
    assert len(read_events(path, filters=chosen).x) == good.sum()
    assert len(read_events(path, filters="PIXEL != 12 && PIXEL != 27").x) == good.sum()
    alone = read_events(path, filters=chosen, usual_filters=False)
    assert len(alone.x) == (~np.isin(found["PIXEL"], [12, 27])).sum()
    assert len(read_events(path, filters={}).x) == len(found["PIXEL"])


@pytest.mark.parametrize("removed", [(), (12, 27)])
def test_excluded_pixels_are_masked_where_they_lie(
    tmp_path: Path, removed: tuple[int, ...]
) -> None:
    path = resolve_list(tmp_path / "e.fits", removed)
    filters = None if removed else {"PIXEL": ColumnFilter(exclude=(12, 27))}
    events = read_events(path, filters=filters)
    assert events.pixels.off == [12, 27]
    grid = resolve_array(83.0, 22.0, roll_deg=35.0)
    y, x = event_pixels(events, grid)
    off = cells_off(events.pixels, y, x, grid.shape)
    expected = np.zeros((6, 6), dtype=bool)
    expected[0, 5] = expected[3, 0] = True  # (DETX, DETY) = (1, 1) and (6, 4)
    assert_array_equal(off, expected)
    counts = bin_events(events, grid, np.array([0.0, 20]))[0]
    assert_array_equal(counts == 0, expected)


def test_numbers_that_do_not_lie_as_on_the_array_place_nothing(tmp_path: Path) -> None:
    found = resolve_columns()
    found["PIXEL"] = np.random.default_rng(1).permutation(found["PIXEL"])
    hdu = events_hdu(found, TELESCOP="XRISM", INSTRUME="RESOLVE")
    events = read_events(write(tmp_path / "e.fits", hdu))
    y, x = event_pixels(events, resolve_array(83.0, 22.0, roll_deg=35.0))
    assert cells_off(events.pixels, y, x, (6, 6)) is None


@pytest.mark.parametrize(
    ("roll_deg", "turned"), [(35, 0), (30, -5), (40, 5), (125, 90)]
)
def test_a_wrong_roll_is_told_by_the_pixels(
    tmp_path: Path, roll_deg: float, turned: float
) -> None:
    events = read_events(resolve_list(tmp_path / "e.fits"))  # rolled by 35 degrees
    y, x = event_pixels(events, resolve_array(83.0, 22.0, roll_deg=roll_deg))
    assert turned_by(events.pixels, y, x) == pytest.approx(turned, abs=0.5)


def test_observations_of_another_roll_are_not_put_on_one_grid(tmp_path: Path) -> None:
    paths = []
    for roll_deg in (35.0, 35.5, 50.0, 125.0):
        found = resolve_columns(roll_deg=roll_deg)
        hdu = events_hdu(found, TELESCOP="XRISM", INSTRUME="RESOLVE", EXPOSURE=1e4,
                         OBS_ID=str(roll_deg))  # fmt: skip
        paths.append(write(tmp_path / f"{roll_deg}.fits", hdu))
    assert read_event_files(paths[:2]).keywords["OBS_ID"] == "35.0 35.5"
    for path, apart in zip(paths[2:], (r"1[45]\.\d", r"(89|90)\.\d"), strict=True):
        with pytest.raises(FitsFormatError, match=rf"must have the roll .*{apart} deg"):
            read_event_files([paths[0], path])


def test_rise_time_is_compared_with_the_derivative(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    rise, largest = rng.integers(30, 70, N), rng.integers(0, 9000, N)
    status = rng.random((N, 8)) < 0.5
    found = columns(RISE_TIME=rise, DERIV_MAX=largest, STATUS=status)
    path = write(tmp_path / "e.fits", events_hdu(found))
    text = "(RISE_TIME+0.00075*DERIV_MAX)>46 && (RISE_TIME+0.00075*DERIV_MAX)<58"
    sum_ = rise + 0.00075 * largest
    expected = (sum_ > 46) & (sum_ < 58)
    assert len(read_events(path, filters=text).x) == expected.sum()
    both = f"({text}) && STATUS[4] == b0 || !(PI >= 3000)"
    expected = (expected & ~status[:, 3]) | ~(found["PI"] >= 3000)
    assert len(read_events(path, filters=both).x) == expected.sum()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("PI >", "there is a mistake"),
        ("__import__('os').system('true')", "call is not allowed"),
        ("PI.real > 3", "attribute is not allowed"),
        ("'a' < PI", "'a' is not allowed"),
        ("PI in (1, 2, 3)", "list after in"),
        ("#XMMEA_22 && PI > 3", "unknown name; #XMMEA_EM"),
    ],
)
def test_what_is_no_expression_is_told_with_an_example(text: str, message: str) -> None:
    with pytest.raises(SettingsError, match=f"{message}.*Write, say,"):
        Expression(text)


def test_an_expression_must_give_truth_for_events_that_are_there(
    tmp_path: Path,
) -> None:
    path = write(tmp_path / "e.fits", events_hdu(columns()))
    with pytest.raises(SettingsError, match="true or false for every event"):
        read_events(path, filters="PI + 3")
    with pytest.raises(FitsFormatError, match=r"e.fits\[EVENTS\] .* column GRADE"):
        read_events(path, filters="GRADE == 0")
