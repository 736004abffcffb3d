"""Events of telescopes that count energy otherwise, and places told otherwise."""

from pathlib import Path

import numpy as np
import pytest
from astropy.coordinates import FK4, FK5, SkyCoord
from astropy.io import fits
from numpy.testing import assert_allclose

from hifred.errors import HifredError
from hifred.observations.events.event_list import read_events
from hifred.observations.events.joined_list import read_event_files
from hifred.observations.formats.detector_channels import DetectorChannels
from hifred.observations.formats.fits_files import FitsFormatError
from tests.observations.events.lists import events_hdu, write
from tests.observations.events.test_delivered_events import columns, sky

# Four channels, of decreasing energy as those of gratings, numbered from 1.
CHANNELS = DetectorChannels(
    np.array([4, 3, 2, 1]), np.array([1.0, 2, 3, 4]), np.array([2.0, 3, 4, 5]), "PI"
)
UNKNOWN = {"TELESCOP": "LYNX", "INSTRUME": "LXM"}


def heights(values: list[int], n: int = 4) -> dict:
    return columns(n, PI=np.array(values))


@pytest.mark.parametrize(
    ("keywords", "energy"),
    [
        ({"TELESCOP": "NuSTAR", "INSTRUME": "FPMA"}, 1.6 + 0.04 * 100.5),
        ({"TELESCOP": "SWIFT", "INSTRUME": "XRT"}, 1.005),
        ({"TELESCOP": "SUZAKU", "INSTRUME": "XIS3"}, 0.366825),
        ({"TELESCOP": "eROSITA", "INSTRUME": "TM1", "TUNIT2": "eV"}, 0.1),
    ],
)
def test_each_telescope_counts_as_its_manual_says(
    tmp_path: Path, keywords: dict, energy: float
) -> None:
    hdu = events_hdu(heights([100] * 4), **keywords)
    events = read_events(write(tmp_path / "e.fits", hdu))
    assert_allclose(events.energy, energy)


def test_an_unknown_telescope_counts_as_its_response(tmp_path: Path) -> None:
    path = write(tmp_path / "e.fits", events_hdu(heights([1, 4, 2, 0]), **UNKNOWN))
    events = read_events(path, channels=CHANNELS)
    assert_allclose(events.energy, [4.5, 1.5, 3.5])  # 0 is no channel
    assert [row["dropped"] for row in events.cuts.rows()][1] == 1
    with pytest.raises(FitsFormatError, match="Give an energy column, or a response"):
        read_events(path)


def test_numbers_of_another_response_are_told(tmp_path: Path) -> None:
    path = write(tmp_path / "e.fits", events_hdu(heights([1, 4, 900, 0]), **UNKNOWN))
    with pytest.raises(FitsFormatError, match=r"PI must .* 1 to 4; 1 of 4 events are"):
        read_events(path, channels=CHANNELS)
    path = write(tmp_path / "e.fits", events_hdu({**heights([1] * 4), "PHA": [1] * 4}))
    with pytest.raises(FitsFormatError, match=r"PHA must .* CHANTYPE PI; got PHA"):
        read_events(path, channels=CHANNELS, energy_column="PHA")
    with pytest.raises(FitsFormatError, match=r"PHA must come with the rmf"):
        read_events(path, energy_column="PHA")


@pytest.mark.parametrize(
    ("keywords", "frame"),
    [
        ({"EQUINOX": 1950.0}, FK4(equinox="B1950")),
        ({"EPOCH": 1950.0, "RADESYS": ""}, FK4(equinox="B1950")),
        ({"EQUINOX": 2000.0}, FK5(equinox="J2000")),
        ({"EQUINOX": 1975.0, "RADECSYS": "FK5"}, FK5(equinox="J1975")),
        ({}, "icrs"),
    ],
)
def test_an_equinox_tells_the_frame_where_radesys_does_not(
    tmp_path: Path, keywords: dict, frame: object
) -> None:
    hdu = events_hdu(columns(RA=np.full(2000, 83.0), DEC=np.full(2000, 22.0)))
    for name in ("RADESYS", "EQUINOX"):
        hdu.header.pop(name, None)
    hdu.header.update(keywords)
    path = write(tmp_path / "e.fits", hdu)
    events = read_events(path, coordinates=("RA", "DEC"))
    expected = SkyCoord(83.0, 22.0, unit="deg", frame=frame)
    assert events.sky[0].separation(expected).arcsec < 1e-6


def test_an_equinox_that_is_no_number_is_told(tmp_path: Path) -> None:
    hdu = events_hdu(columns(RA=np.ones(2000), DEC=np.ones(2000)), EQUINOX="B1950")
    with pytest.raises(HifredError, match="a number in EQUINOX; got 'B1950'"):
        read_events(write(tmp_path / "e.fits", hdu), coordinates=("RA", "DEC"))


@pytest.mark.parametrize("missing", ["TCRVL4", "TCRPX3", "TCDLT3"])
def test_a_place_that_is_half_told_is_told(tmp_path: Path, missing: str) -> None:
    hdu = events_hdu(columns())
    del hdu.header[missing]
    with pytest.raises(HifredError, match=rf"e.fits\[EVENTS\] must have {missing} "):
        read_events(write(tmp_path / "e.fits", hdu))


def test_a_place_by_ref_keywords_is_told_as_they_are_called(tmp_path: Path) -> None:
    hdu = events_hdu(columns(), spelling="REF")
    del hdu.header["REFYCRVL"]
    with pytest.raises(HifredError, match=r"e.fits\[EVENTS\] must have REFYCRVL "):
        read_events(write(tmp_path / "e.fits", hdu))


@pytest.mark.parametrize("spelling", ["TCTYP", "REF"])
def test_an_epoch_is_an_equinox_of_old(tmp_path: Path, spelling: str) -> None:
    hdu = events_hdu(columns(frame="fk4"), frame="fk4", spelling=spelling)
    del hdu.header["RADESYS"]
    hdu.header.rename_keyword("EQUINOX", "EPOCH")
    events = read_events(write(tmp_path / "e.fits", hdu))
    assert np.max(events.sky.icrs.separation(sky()).arcsec) < 1e-3


def test_columns_of_several_numbers_are_told(tmp_path: Path) -> None:
    made = [
        fits.Column("PI", "J", array=np.ones(4)),
        fits.Column("X", "D", array=np.ones(4)),
        fits.Column("Y", "2D", array=np.ones((4, 2))),
    ]
    hdu = fits.BinTableHDU.from_columns(made, name="EVENTS")
    hdu.header.update(TELESCOP="XMM", INSTRUME="EMOS1")
    with pytest.raises(FitsFormatError, match=r"Y must hold one number per row"):
        read_events(write(tmp_path / "e.fits", hdu))


@pytest.mark.parametrize("first", [0, 900])
def test_a_copy_under_another_name_is_told(tmp_path: Path, first: int) -> None:
    """Also where another filter left less of the list."""
    rows = {name: values[first:] for name, values in columns().items()}
    paths = [
        write(tmp_path / name, events_hdu(values, EXPOSURE=1e4))
        for name, values in {"a.fits": columns(), "b.fits": rows}.items()
    ]
    with pytest.raises(FitsFormatError, match=r"b.fits must not .* of a.fits again"):
        read_event_files(paths)


def test_lists_that_tell_no_time_are_pointed_out(tmp_path: Path) -> None:
    paths = [
        write(tmp_path / f"{n}.fits", events_hdu(columns(n), EXPOSURE=1e4))
        for n in (50, 60)
    ]
    found = read_event_files(paths)
    assert found.exposure_time == 1e4
    assert any("neither good times nor OBS_ID" in note for note in found.notes)
