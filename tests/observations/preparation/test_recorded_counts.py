from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from numpy.testing import assert_allclose, assert_array_equal

from hifred.errors import HifredError, SettingsError
from hifred.observations.events.joined_list import read_event_files
from hifred.observations.formats.fits_files import FitsFormatError
from hifred.observations.formats.ogip_writers import write_rmf
from hifred.observations.geometry.pixel_grid import tangent_grid
from hifred.observations.preparation.fields import check_fields, pixel_grid
from hifred.observations.preparation.instrument_files import read_instrument
from hifred.observations.preparation.instrument_settings import (
    GridSettings,
    InstrumentSettings,
    check_instruments,
)
from hifred.observations.preparation.masks import good_pixels
from hifred.observations.preparation.recorded_counts import (
    counts_from_cube,
    counts_from_events,
)
from tests.observations.events.lists import events_hdu, good_times_hdu, write
from tests.observations.events.test_delivered_events import columns, resolve_columns
from tests.observations.instrument_case import gaussian_rmf

GRID = GridSettings(83.0, 22.0, pixel_size_arcsec=8.0, shape=(10, 12))
EDGES = np.arange(1.0, 6.01, 0.5)


def imager(**settings: Any) -> InstrumentSettings:
    return InstrumentSettings("imager", effective_area_cm2=1.0, grid=GRID, **settings)


def cube_file(path: Path, values: np.ndarray, **keywords: object) -> str:
    hdu = fits.PrimaryHDU(values, pixel_grid(GRID).wcs.to_header())
    hdu.header.update(CTYPE3="ENER", CUNIT3="keV", CRVAL3=1.0, CRPIX3=0.5, CDELT3=0.5)
    hdu.header.update(keywords)
    hdu.writeto(path, overwrite=True)
    return str(path)


POINTED = {"RA_PNT": 83.0, "DEC_PNT": 22.0, "PA_PNT": 359.0}


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (POINTED, ""),
        (POINTED | {"PA_PNT": 31.0}, "b.fits by 32.0 deg of roll from a.fits"),
        (POINTED | {"DEC_PNT": 22.01}, "b.fits by 36 arcsec from a.fits"),
        (POINTED | {"PA_PNT": "unknown"}, ""),
    ],
)
def test_lists_that_looked_elsewhere_are_told(
    tmp_path: Path, other: dict[str, Any], told: str
) -> None:
    names = {"a.fits": POINTED, "b.fits": other}
    paths = [
        write(tmp_path / name, events_hdu(columns(), OBS_ID=name, **keywords))
        for name, keywords in names.items()
    ]
    notes = " ".join(read_event_files(paths).notes)
    assert ("Give an exposure_map for each file" in notes) is bool(told)
    assert told in notes


def test_a_map_of_one_of_several_lists_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shone = columns(PI=np.full(2000, 6500))
    paths = [
        str(write(tmp_path / name, events_hdu(shone, EXPOSURE=1e4, OBS_ID=name)))
        for name in ("a", "b")
    ]
    hdu = fits.PrimaryHDU(np.full((10, 12), 1e4), pixel_grid(GRID).wcs.to_header())
    hdu.header["BUNIT"] = "s"
    hdu.writeto(tmp_path / "m.fits")
    one = str(tmp_path / "m.fits")
    matrix = str(tmp_path / "r.rmf")
    write_rmf(matrix, gaussian_rmf(0.05, 0.05, 0.1))
    found = read_instrument(
        "im", imager(events=tuple(paths), exposure_map=one, rmf=matrix), (6.0, 7.0)
    )
    assert found.exposure_time == 2e4
    assert "says 10000 s where its 2 event lists have 20000 s together" in caplog.text
    caplog.clear()
    both = imager(events=tuple(paths), exposure_map=(one, one), rmf=matrix)
    assert read_instrument("im", both, (6.0, 7.0)).exposure_time == 2e4
    assert caplog.text == ""
    three = imager(events=tuple(paths), exposure_map=(one, one, one))
    with pytest.raises(SettingsError, match="each of its 2 event lists; got 3"):
        check_instruments({"im": three})


@pytest.mark.parametrize("kind", ["NaN", "BLANK"])
def test_undefined_counts_are_masked_and_told(tmp_path: Path, kind: str) -> None:
    values = np.full((10, 10, 12), 3)
    values[:, :2] = -999
    values[4, 5, 5] = -999
    if kind == "NaN":
        path = cube_file(tmp_path / "c.fits", np.where(values < 0, np.nan, values))
    else:
        path = cube_file(tmp_path / "c.fits", values.astype(np.int32), BLANK=-999)
    found = counts_from_cube("im", imager(counts=path), (1.0, 6.0))
    assert_array_equal(found.good, values == 3)
    assert_array_equal(found.counts, np.where(values == 3, 3, 0))
    assert found.notes == (
        "im: 241 of 1200 values are undefined (NaN or BLANK), 24 pixels at all "
        "energies; masked.",
    )
    assert found.cuts.n_kept == 3 * (1200 - 241)


def test_planes_outside_the_band_are_counted(tmp_path: Path) -> None:
    path = cube_file(tmp_path / "c.fits", np.full((10, 10, 12), 2))
    found = counts_from_cube("im", imager(counts=path), (2.0, 4.0))
    assert_allclose(found.channel_edges, [2, 2.5, 3, 3.5, 4])
    assert found.cuts.rows()[-1] == {"cut": "band", "dropped": 1440, "kept": 960}


def test_a_grid_in_the_place_of_a_wcs_is_told(tmp_path: Path) -> None:
    values = np.full((10, 10, 12), 2)
    path = cube_file(tmp_path / "c.fits", values, CRVAL2=22.0 + 16 / 3600, HISTORY="a")
    found = counts_from_cube("im", imager(counts=path), (1.0, 6.0))
    assert "im: its grid takes the place of the file's WCS" in found.notes[0]
    assert "is 2 pixels away: at 83.00000 +22.00000" in found.notes[0]
    same = cube_file(tmp_path / "c.fits", values)
    assert counts_from_cube("im", imager(counts=same), (1.0, 6.0)).notes == ()


def test_a_pixel_that_saw_nothing_is_off(tmp_path: Path) -> None:
    values = np.full((10, 10, 12), 9)
    values[:, 3, 4] = 0
    path = cube_file(tmp_path / "c.fits", values)
    settings = imager(counts=path)
    told = counts_from_cube("im", settings, (1.0, 6.0))
    assert told.good.all()
    assert "1 pixels without a single count" in told.notes[0]
    assert "at [3, 4]; not masked" in told.notes[0]
    spectrometer = InstrumentSettings("spectrometer", counts=path, grid=GRID)
    masked = counts_from_cube("sp", spectrometer, (1.0, 6.0))
    assert_array_equal(masked.good, values > 0)


def event_file(path: Path, **options: Any) -> str:
    hdus = options.pop("hdus", ())
    return str(write(path, events_hdu(columns(), **options), *hdus))


def test_what_grid_and_band_drop_is_counted(tmp_path: Path) -> None:
    path = event_file(tmp_path / "e.fits")
    found = counts_from_events("im", imager(events=path), np.array([2.0, 3, 4]))
    rows = {row["cut"]: row["kept"] for row in found.cuts.rows()}
    energy = (columns()["PI"] + 0.5) * 1e-3
    x, y = columns()["X"] - 1000.5, columns()["Y"] - 1000.5
    inside = (np.abs(x) < 48) & (np.abs(y) < 40)
    assert rows["grid"] == inside.sum()
    assert rows["band"] == (inside & (energy >= 2) & (energy <= 4)).sum()
    assert found.counts.sum() == rows["band"]


def test_events_that_miss_the_grid_are_told_with_their_place(tmp_path: Path) -> None:
    path = event_file(tmp_path / "e.fits", TCRVL3=85.0)
    with pytest.raises(
        HifredError, match=r"im must have events; 'grid' drops .* 1.8\d"
    ):
        counts_from_events("im", imager(events=path), EDGES)


def test_filters_that_drop_all_are_told(tmp_path: Path) -> None:
    path = event_file(tmp_path / "e.fits")
    with pytest.raises(HifredError, match="'PI > 1e9' drops the last 2000 of 2000"):
        counts_from_events("im", imager(events=path, filters="PI > 1e9"), EDGES)


@pytest.mark.parametrize("silent", [False, True])
def test_pixels_of_resolve_that_are_off_are_masked(
    tmp_path: Path, silent: bool
) -> None:
    found = resolve_columns(30_000)
    if silent:  # the file was filtered before
        kept = ~np.isin(found["PIXEL"], [12, 27])
        found = {name: values[kept] for name, values in found.items()}
    hdu = events_hdu(found, TELESCOP="XRISM", INSTRUME="RESOLVE")
    settings = InstrumentSettings(
        "spectrometer",
        events=str(write(tmp_path / "e.fits", hdu)),
        grid=GridSettings(83.0, 22.0, roll_deg=35.0),
        filters=None if silent else {"PIXEL": {"exclude": (12, 27)}},
    )
    recorded = counts_from_events("resolve", settings, np.array([0.0, 20]))
    assert np.argwhere(~recorded.good[0]).tolist() == [[0, 5], [3, 0]]
    assert any("27" in note and "masked" in note for note in recorded.notes)


def test_observations_add_and_ccds_do_not(tmp_path: Path) -> None:
    def one(name: str, start: float, observation: str) -> str:
        heights = np.random.default_rng(list(name.encode())).integers(1500, 5500, 2000)
        hdu = events_hdu(columns(PI=heights), EXPOSURE=9e3, TIMEZERO=start)
        hdu.header["OBS_ID"] = observation
        return str(
            write(tmp_path / name, hdu, good_times_hdu([(0, 1e4)], TIMEZERO=start))
        )

    first, later = one("a.fits", 0.0, "1"), one("b.fits", 5e4, "2")
    same = one("c.fits", 0.0, "1")
    both = read_event_files([first, later])
    assert len(both.x) == both.n_recorded == 4000
    assert both.exposure_time == pytest.approx(1.8e4)
    assert read_event_files([first, same]).exposure_time == pytest.approx(9e3)
    three = read_event_files([first, same, later])
    assert three.exposure_time == pytest.approx(1.8e4)
    assert np.max(three.sky[:2000].separation(both.sky[:2000]).arcsec) < 1e-9
    without = [three.n_recorded, read_event_files([first], good_times=False).x.size]
    assert without == [6000, 2000]
    by_id = read_event_files([first, same, later], good_times=False)
    assert by_id.exposure_time == pytest.approx(1.8e4)


def test_files_that_do_not_belong_together_are_told(tmp_path: Path) -> None:
    first = event_file(tmp_path / "a.fits")
    other = event_file(tmp_path / "b.fits", INSTRUME="EMOS2")
    with pytest.raises(FitsFormatError, match=r"a\.fits must be given once"):
        read_event_files([first, first])
    with pytest.raises(FitsFormatError, match=r"b.fits must be .* INSTRUME 'EMOS1'"):
        read_event_files([first, other])


def mask_file(path: Path, shift_deg: float | None) -> str:
    values = np.ones((10, 12))
    values[2:4] = 0
    values[5, 5] = np.nan
    header = None
    if shift_deg is not None:
        header = pixel_grid(GRID).wcs.to_header()
        header["CRVAL2"] += shift_deg
    fits.PrimaryHDU(values, header).writeto(path, overwrite=True)
    return str(path)


@pytest.mark.parametrize("shift_deg", [0.0, None])
def test_a_mask_lies_on_the_counts_or_has_no_place(
    tmp_path: Path, shift_deg: float | None
) -> None:
    settings = imager(counts="c", mask_image=mask_file(tmp_path / "m.fits", shift_deg))
    good = good_pixels("im", settings, pixel_grid(GRID))
    assert np.argwhere(~good)[:, 0].tolist() == [2] * 12 + [3] * 12 + [5]


def test_a_mask_elsewhere_on_the_sky_is_told(tmp_path: Path) -> None:
    path = mask_file(tmp_path / "m.fits", 16 / 3600)
    settings = imager(counts="c", mask_image=path)
    with pytest.raises(HifredError, match=r"m\.fits is 2 pixels away"):
        good_pixels("im", settings, pixel_grid(GRID))


def test_fields_must_overlap() -> None:
    sky = tangent_grid(83.0, 22.0, pixel_size_arcsec=8, shape=(10, 12))
    near = tangent_grid(83.0, 22.01, pixel_size_arcsec=30, shape=(6, 6), roll_deg=40)
    far = tangent_grid(84.0, 22.0, pixel_size_arcsec=30, shape=(6, 6))
    roles = {"im": "imager", "sp": "spectrometer"}
    check_fields({"im": sky, "sp": near}, roles, sky)
    with pytest.raises(HifredError, match=r"fields of sp and the sky .* 55\.6 arcmin"):
        check_fields({"im": sky, "sp": far}, roles, sky)
    wide = tangent_grid(83.5, 22.0, pixel_size_arcsec=60, shape=(99, 99))
    with pytest.raises(HifredError, match="fields of sp and im must overlap"):
        check_fields({"im": sky, "sp": far}, roles, wide)


def test_nothing_recorded_is_told(tmp_path: Path) -> None:
    empty = str(write(tmp_path / "e.fits", events_hdu(columns(0))))
    with pytest.raises(HifredError, match="a must have events; its files hold none"):
        counts_from_events("a", imager(events=empty), EDGES)
    dark = cube_file(tmp_path / "c.fits", np.zeros((10, 10, 12), np.int16))
    with pytest.raises(HifredError, match="of a must be above 0 somewhere in the band"):
        counts_from_cube("a", imager(counts=dark), (1.0, 6.0))
