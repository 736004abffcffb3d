from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from numpy.testing import assert_allclose, assert_array_equal

from hifred.observations.events.binning import (
    bin_detector_pixels,
    bin_events,
    event_pixels,
    histogram,
)
from hifred.observations.events.event_list import read_events
from hifred.observations.events.filters import ColumnFilter
from hifred.observations.events.good_times import merge_intervals
from hifred.observations.formats.fits_files import FitsFormatError
from hifred.observations.geometry.pixel_grid import tangent_grid

N = 500
MSH = "chandra_snr/msh1552_obs754_events_slim.fits.gz"


def event_columns(rng: np.random.Generator) -> dict[str, fits.Column]:
    columns = [
        fits.Column("TIME", "D", unit="s", array=rng.uniform(0, 1000, N)),
        fits.Column("X", "E", unit="pixel", array=rng.uniform(50, 150, N)),
        fits.Column("Y", "E", unit="pixel", array=rng.uniform(60, 140, N)),
        fits.Column("DETX", "I", array=rng.integers(1, 7, N)),
        fits.Column("DETY", "I", array=rng.integers(1, 7, N)),
        fits.Column("PI", "J", unit="CHAN", array=rng.integers(1000, 4000, N)),
        fits.Column("PATTERN", "B", array=rng.integers(0, 20, N)),
        fits.Column("RA", "D", unit="deg", array=rng.uniform(83.5, 83.7, N)),
        fits.Column("DEC", "D", unit="deg", array=rng.uniform(21.9, 22.1, N)),
    ]
    return {c.name: c for c in columns}


def event_file(
    path: Path,
    *,
    drop: str = "",
    telescope: str = "XMM",
    good_times: list[tuple[float, float]] | None = None,
    spelling: str = "TCTYP",
) -> Path:
    columns = event_columns(np.random.default_rng(5))
    kept = [c for name, c in columns.items() if name != drop]
    hdu = fits.BinTableHDU.from_columns(kept, name="EVENTS")
    hdu.header.update(TELESCOP=telescope, INSTRUME="EMOS1")
    names = [c.name for c in kept]
    for axis, kind, value, step in (
        ("X", "RA---TAN", 83.6, -0.001),
        ("Y", "DEC--TAN", 22.0, 0.001),
    ):
        for key, entry in zip(
            ("CTYP", "CRVL", "CRPX", "CDLT"), (kind, value, 100.5, step), strict=True
        ):
            if spelling == "TCTYP" and axis in names:
                hdu.header[f"T{key}{names.index(axis) + 1}"] = entry
            elif spelling == "REF":
                hdu.header[f"REF{axis}{key}"] = entry
    hdus = [fits.PrimaryHDU(), hdu]
    if good_times is not None:
        start, stop = np.array(good_times).reshape(-1, 2).T
        table = [
            fits.Column("START", "D", unit="s", array=start),
            fits.Column("STOP", "D", unit="s", array=stop),
        ]
        hdus.append(fits.BinTableHDU.from_columns(table, name="STDGTI01"))
    fits.HDUList(hdus).writeto(path, overwrite=True)
    return path


GRID = tangent_grid(
    83.6, 22.0, pixel_size_arcsec=17, shape=(9, 13), roll_deg=17
)  # not aligned with the events' pixels
EDGES = np.array([1.0, 1.5, 1.7, 3.0, 3.9])


@pytest.mark.parametrize("spelling", ["TCTYP", "REF"])
def test_events_are_binned_as_numpy_does(tmp_path: Path, spelling: str) -> None:
    events = read_events(event_file(tmp_path / "e.fits", spelling=spelling))
    counts = bin_events(events, GRID, EDGES)
    sample = np.column_stack([events.energy, *event_pixels(events, GRID)])
    edges = (EDGES, np.arange(10) - 0.5, np.arange(14) - 0.5)
    expected, _ = np.histogramdd(sample, edges)
    assert_array_equal(counts, expected)
    assert counts.sum() > 50


def test_edges_are_half_open_but_for_the_last() -> None:
    values = np.array([-1.0, 0, 1, 2, 3, 3.5, np.nan])
    expected, _ = np.histogramdd(values[:-1, None], [np.array([0.0, 1, 3])])
    assert_array_equal(histogram([values], [np.array([0.0, 1, 3])]), expected)


def test_a_grid_that_holds_all_events_keeps_their_total(tmp_path: Path) -> None:
    events = read_events(event_file(tmp_path / "e.fits"), filters={})
    wide = tangent_grid(83.6, 22.0, pixel_size_arcsec=40, shape=(20, 22))
    assert bin_events(events, wide, np.array([0.0, 2.0, 10.0])).sum() == N


def test_positions_are_what_astropy_says(tmp_path: Path) -> None:
    path = event_file(tmp_path / "e.fits")
    events = read_events(path, filters={})
    with fits.open(path) as hdus:
        wcs = WCS(hdus[1].header, keysel=["pixel"], colsel=[2, 3])
        sky = wcs.pixel_to_world(hdus[1].data["X"] - 1, hdus[1].data["Y"] - 1)
    x, y = GRID.wcs.world_to_pixel(sky)
    assert_allclose(event_pixels(events, GRID), [y, x], atol=1e-7)


def test_good_times_and_filters_choose_the_events(tmp_path: Path) -> None:
    path = event_file(
        tmp_path / "e.fits", good_times=[(0, 300), (200, 400), (700, 900)]
    )
    with fits.open(path) as hdus:
        data = hdus[1].data
        time = data["TIME"]
        good = (time <= 400) | ((time >= 700) & (time <= 900))
        expected = int(np.sum(good & (data["PATTERN"] <= 12)))
    events = read_events(path)  # MOS: PATTERN up to 12
    assert len(events.energy) == expected
    assert events.n_recorded == N
    assert events.exposure_time == 600


def test_declared_filters_replace_the_usual_ones(tmp_path: Path) -> None:
    path = event_file(tmp_path / "e.fits")
    events = read_events(path, filters={"PATTERN": ColumnFilter(among=(0, 3))})
    with fits.open(path) as hdus:
        assert len(events.x) == np.isin(hdus[1].data["PATTERN"], [0, 3]).sum()


def test_degrees_are_binned_on_the_sky(tmp_path: Path) -> None:
    events = read_events(event_file(tmp_path / "e.fits"), coordinates=("RA", "DEC"))
    x, y = GRID.wcs.all_world2pix(events.x, events.y, 0)
    assert_allclose(event_pixels(events, GRID), [y, x])


def test_detector_pixels_are_counted(tmp_path: Path) -> None:
    path = event_file(tmp_path / "e.fits")
    events = read_events(path, filters={}, coordinates=("DETX", "DETY"))
    counts = bin_detector_pixels(events, np.array([0, 10.0]), first=1, shape=(6, 6))
    assert counts.sum() == N
    assert counts[0, 1, 4] == np.sum((events.y == 2) & (events.x == 5))
    with pytest.raises(FitsFormatError, match="events must have sky coordinates"):
        bin_events(events, GRID, EDGES)


def test_pi_is_the_middle_of_the_channel(tmp_path: Path) -> None:
    path = event_file(tmp_path / "e.fits")
    with fits.open(path) as hdus:
        pi = hdus[1].data["PI"].astype(float)
    assert_allclose(read_events(path, filters={}).energy, (pi + 0.5) * 1e-3)


def test_the_union_of_intervals_is_taken() -> None:
    start, stop = merge_intervals(np.array([5.0, 0, 2, 9]), np.array([6.0, 3, 5, 10]))
    assert_array_equal(start, [0, 9])
    assert_array_equal(stop, [6, 10])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"drop": "X"}, r"e.fits\[EVENTS\].*column X"),
        ({"drop": "PI"}, r"e.fits\[EVENTS\].*column PI"),
        ({"telescope": "NUSTAR"}, r"e.fits\[EVENTS\].*known detector.*'NUSTAR'"),
        ({"good_times": []}, r"e.fits\[STDGTI01\] column START .*empty"),
        ({"good_times": [(5, 5)]}, r"\[STDGTI01\] column STOP.*intervals are empty"),
        ({"good_times": [(5, 2)]}, r"\[STDGTI01\] column STOP.*inverted"),
        ({"good_times": [(0, 9)], "drop": "TIME"}, r"\[EVENTS\].*column TIME"),
        ({"spelling": "none"}, r"\[EVENTS\] column X must have WCS keywords"),
    ],
)
def test_a_malformed_list_is_told(tmp_path: Path, options: dict, message: str) -> None:
    path = event_file(tmp_path / "e.fits", **options)
    with pytest.raises(FitsFormatError, match=message):
        read_events(path)


def test_real_chandra_events_keep_their_total(shared_data: Path) -> None:
    events = read_events(shared_data / MSH)
    assert events.n_recorded == 258_419
    grid = tangent_grid(228.475, -59.14, pixel_size_arcsec=60, shape=(60, 60))
    counts = bin_events(events, grid, np.array([0.0, 0.5, 1.4, 100.0]))
    assert counts.sum() == 258_419
    assert counts[1].sum() == 66_691
