"""Files a little other than those that are read: a right value, or named errors."""

import bz2
import gzip
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from numpy.testing import assert_array_equal

from hifred.errors import HifredError
from hifred.observations.events.event_list import read_events
from hifred.observations.formats.fits_files import FitsFormatError
from hifred.observations.formats.fits_images import read_sky_image
from hifred.observations.formats.ogip import read_arf
from hifred.observations.geometry.pixel_grid import tangent_grid
from hifred.observations.preparation.exposure_maps import (
    ExposureMap,
    exposure_of_files,
)
from hifred.observations.preparation.instrument_files import read_instrument
from hifred.observations.preparation.recorded_counts import counts_from_cube
from tests.observations.events.lists import events_hdu, good_times_hdu, write
from tests.observations.events.test_delivered_events import columns
from tests.observations.ogip_files import arf_hdu
from tests.observations.preparation.test_recorded_counts import cube_file, imager

GRID = tangent_grid(83.0, 22.0, pixel_size_arcsec=8, shape=(10, 12))


def map_file(path: Path, keywords: Mapping[str, object], **kind: Any) -> str:
    hdu = kind.get("hdu", fits.PrimaryHDU)(np.full((10, 12), 2e4), GRID.wcs.to_header())
    hdu.header.update(keywords)
    first = [] if isinstance(hdu, fits.PrimaryHDU) else [fits.PrimaryHDU()]
    fits.HDUList([*first, hdu]).writeto(path)
    return str(path)


def exposure(path: str) -> ExposureMap:
    return exposure_of_files([path], GRID, (2.0, 5.0))


@pytest.mark.parametrize(
    ("unit", "level", "read"),
    [
        ("ms", 20.0, "s"), ("Ms", 2e10, "s"), ("hr", 7.2e7, "s"),
        ("seconds ", 2e4, "s"), ("s/pixel", 2e4, "s"), ("cm^2*s", 2e4, "cm2 s"),
        ("cm2.s", 2e4, "cm2 s"), ("s*cm**2*counts/photons", 2e4, "cm2 s"),
        ("mm2 ks", 2e5, "cm2 s"),
    ],
)  # fmt: skip
def test_exposures_in_other_units(
    tmp_path: Path, unit: str, level: float, read: str
) -> None:
    found = exposure(map_file(tmp_path / "m.fits", {"BUNIT": unit}))
    assert found.level == pytest.approx(level)
    assert found.unit == read


@pytest.mark.parametrize("suffix", ["", "[1]", "+1", "[EXPMAP]"])
def test_an_image_in_an_extension_is_found(tmp_path: Path, suffix: str) -> None:
    keywords = {"EXTNAME": "EXPMAP", "BUNIT": "s"}
    path = map_file(tmp_path / "m.fits", keywords, hdu=fits.ImageHDU)
    assert read_sky_image(path + suffix).values.max() == 2e4
    with pytest.raises(FitsFormatError, match="must have an extension 7"):
        read_sky_image(f"{path}+7")


@pytest.mark.parametrize(
    ("keywords", "apart"),
    [
        # 50 years of precession by 50.3 arcsec along the ecliptic, which is near.
        ({"EQUINOX": 1950.0, "RADESYS": "FK4"}, "41.9 arcmin"),
        ({"CTYPE1": "GLON-TAN", "CTYPE2": "GLAT-TAN"}, r"\d+"),
        ({"CRVAL2": 22.5}, "30 arcmin"),
    ],
)
def test_a_map_elsewhere_on_the_sky_is_told(
    tmp_path: Path, keywords: dict[str, object], apart: str
) -> None:
    path = map_file(tmp_path / "m.fits", keywords | {"BUNIT": "s"})
    message = rf"m.fits must have exposure on the instrument's pixels; .* {apart}"
    with pytest.raises(HifredError, match=message):
        exposure(path)


def listed(path: Path, *more: fits.BinTableHDU, **changes: Any) -> Path:
    names = [name for name in changes if name.isupper() and np.ndim(changes[name])]
    added = {name: changes.pop(name) for name in names}
    return write(path / "e.fits", events_hdu(columns(**added), **changes), *more)


@pytest.mark.parametrize(
    ("changes", "options", "message"),
    [
        ({"ENERGY": np.full(2000, 3.0), "NOUNIT": True}, {},
         r"e.fits\[EVENTS\] column ENERGY must have a unit; .* value is 3. Write"),
        ({"RA": np.full(2000, 83.0), "DEC": np.full(2000, 122.0)},
         {"coordinates": ("RA", "DEC")},
         "column DEC must be from -90 to 90 deg; got 122"),
    ],
)  # fmt: skip
def test_columns_of_another_unit_are_told(
    tmp_path: Path, changes: dict[str, Any], options: dict[str, Any], message: str
) -> None:
    path = listed(tmp_path, **changes)
    if "NOUNIT" in changes:
        with fits.open(path, mode="update") as hdus:
            at = hdus[1].columns.names.index("ENERGY") + 1
            del hdus[1].header[f"TUNIT{at}"]
    with pytest.raises(FitsFormatError, match=message):
        read_events(path, **options)


def test_an_exposure_in_other_units_is_told(tmp_path: Path) -> None:
    path = listed(tmp_path, good_times_hdu([(0, 1e4)]), EXPOSURE=10.0)
    events = read_events(path)
    assert events.exposure_time == 10.0
    assert "EXPOSURE is 10 s where the good times sum to 10000 s" in events.notes[0]
    # The burst mode of EPIC-pn lives 3 % of its time.
    burst = listed(tmp_path, good_times_hdu([(0, 1e4)]), EXPOSURE=300.0)
    assert read_events(burst).notes == ()


def test_two_lists_in_one_file_are_told(tmp_path: Path) -> None:
    path = listed(tmp_path, events_hdu(columns()))
    with pytest.raises(FitsFormatError, match="one table of events; it has 2: EVENTS"):
        read_events(path)


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"BUNIT": "count/s"}, "must be numbers of counts; got BUNIT 'count/s'"),
        ({"BUNIT": "Jy"}, "must be numbers of counts; got BUNIT 'Jy'"),
        ({"EXPOSURE": "5e4"}, "seconds above 0 in EXPOSURE; got '5e4'. Correct it"),
        ({"EXPOSURE": -5e4}, "seconds above 0 in EXPOSURE; got -50000"),
    ],
)
def test_a_cube_of_other_things_is_told(
    tmp_path: Path, keywords: dict[str, object], message: str
) -> None:
    path = cube_file(tmp_path / "c.fits", np.full((10, 10, 12), 2), **keywords)
    with pytest.raises(HifredError, match=message):
        counts_from_cube("im", imager(counts=path), (1.0, 6.0))
    if "EXPOSURE" in keywords:
        given = imager(counts=path, exposure_time_s=5e4)
        assert counts_from_cube("im", given, (1.0, 6.0)).exposure_time is None


@pytest.mark.parametrize("unit", ["count", "CTS", "Counts", "photon", "count/pixel"])
def test_counts_have_many_spellings(tmp_path: Path, unit: str) -> None:
    path = cube_file(tmp_path / "c.fits", np.full((10, 10, 12), 2), BUNIT=unit)
    assert counts_from_cube("im", imager(counts=path), (1.0, 6.0)).counts.sum() == 2400


def test_an_area_of_nothing_is_told(tmp_path: Path) -> None:
    hdu = arf_hdu()
    hdu.data["SPECRESP"] = 0
    path = write(tmp_path / "a.arf", hdu)
    with pytest.raises(
        FitsFormatError, match=r"a.arf\[SPECRESP\] .* above 0 somewhere"
    ):
        read_arf(path)


@pytest.mark.parametrize(
    ("unit", "value", "told"),
    [("s", 1e4, True), ("ks", 10.0, True), ("m2 s", 500.0, False), ("", 1e4, False),
     ("cm2 s count/photon", 5e6, False)],
)  # fmt: skip
def test_a_map_tells_the_time_where_it_is_one(
    tmp_path: Path, unit: str, value: float, told: bool
) -> None:
    """Of counts without EXPOSURE: a map of area and time tells neither alone."""
    hdu = fits.PrimaryHDU(np.full((10, 12), value), GRID.wcs.to_header())
    hdu.header["BUNIT"] = unit
    hdu.writeto(tmp_path / "m.fits")
    counts = cube_file(tmp_path / "c.fits", np.ones((10, 10, 12), np.int16))
    settings = imager(counts=counts, exposure_map=str(tmp_path / "m.fits"))
    if told:
        found = read_instrument("im", settings, (1.0, 6.0))
        assert found.exposure_time == pytest.approx(1e4)
        return
    with pytest.raises(HifredError, match=r"exposure_time_s; .* map is not in s"):
        read_instrument("im", settings, (1.0, 6.0))


@pytest.mark.parametrize(("suffix", "pack"), [(".gz", gzip), (".bz2", bz2)])
def test_a_packed_file_is_read(tmp_path: Path, suffix: str, pack: Any) -> None:
    path = Path(cube_file(tmp_path / "c.fits", np.arange(1200).reshape(10, 10, 12)))
    packed = path.with_name(f"c.fits{suffix}")
    packed.write_bytes(pack.compress(path.read_bytes()))
    assert_array_equal(read_sky_image(packed).values, read_sky_image(path).values)
