"""What a configuration says, and how it is told that it says nothing."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from numpy.testing import assert_allclose

from hifred.errors import HifredError
from hifred.observations.preparation.instrument_settings import (
    InstrumentSettings,
    names_of,
    psfs_of,
)
from hifred.observations.preparation.settings import (
    PreparationSettings,
    parse_preparation,
    read_preparation,
)
from hifred.observations.preparation.starting_file import preparation_template
from hifred.settings.fields import branches_of, fields_of, full_type, parts_of


def declared(**keys: Any) -> dict[str, Any]:
    plain = {"role": "imager", "counts": "a.fits", "rmf": "a.rmf", "arf": "a.arf"}
    return {
        "energy": {"band_kev": [2.0, 8.0]},
        "sky": {"like": "mos1"},
        "instruments": {"mos1": plain | keys},
    }


def mos1(**keys: Any) -> InstrumentSettings:
    return parse_preparation(declared(**keys)).instruments["mos1"]


@pytest.mark.parametrize(
    ("right_ascension", "declination"),
    [
        (83.63308, 22.01450),
        ("05h34m31.94s", "+22d00m52.2s"),
        ("05:34:31.94", "22:00:52.2"),
        ("5 34 31.94", "+22 00 52.2"),
        ("83d37m59.1s", "22°00'52.2\""),
    ],
)
def test_the_place_of_the_crab_may_be_written_as_people_do(
    right_ascension: float | str, declination: float | str
) -> None:
    grid = mos1(grid={"ra_deg": right_ascension, "dec_deg": declination}).grid
    assert grid is not None
    assert_allclose([grid.ra_deg, grid.dec_deg], [83.63308, 22.0145], atol=1e-5)


@pytest.mark.parametrize("one", ["flares.gti", ["flares.gti"]])
def test_one_file_needs_no_list(one: Any) -> None:
    listed = InstrumentSettings("imager", events="e.fits", good_time_files=one)
    assert names_of(listed.good_time_files) == ("flares.gti",)
    assert names_of(mos1().good_time_files) == ()


def test_one_psf_and_several_are_a_list() -> None:
    one, other = ({"gaussian_fwhm_arcsec": width, "energy_kev": width} for width in
                  (1.0, 2.0))  # fmt: skip
    assert psfs_of(mos1()) == []
    assert psfs_of(mos1(psf=one)) == psfs_of(mos1(psf=[one]))
    assert len(psfs_of(mos1(psf=[one, other]))) == 2


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("psf", {"hpd_arcsec": 15}, "'hpd_arcsec'.*{ gaussian_fwhm_arcsec = 15.0 }"),
        ("psf", {"HEW": 15}, "'HEW'. A Gaussian's half-energy width is its full"),
        ("psf", {"fwhm": 15}, "'fwhm'. The unit is arcsec: write, say, psf = "),
        ("psf", 15, "mos1.psf must be a table or a list.*gaussian_fwhm_arcsec"),
        ("psf", [], "mos1.psf must be .*at least 1 of them; got \\[\\]"),
        ("psf", {"king_core_arcsec": 5}, "mos1: a psf must have one .* got none"),
        ("grid", {"ra_deg": "83.6", "dec_deg": 22}, r"or a text such as '05h34m31.9s'"),
        ("grid", {"ra_deg": "1:2:99", "dec_deg": 22}, r"ra_deg must be degrees from"),
        ("grid", {"ra_deg": 400, "dec_deg": 22}, "ra_deg must be degrees from -180 to"),
        ("grid", {"ra_deg": 83, "dec_deg": "91d0m0s"}, "dec_deg must be degrees from"),
        ("grid", {"ra_deg": 83, "dec_deg": "12h0m0s"}, "dec_deg must be degrees from"),
        ("background", "a.pha", "background = {'spectrum': 'background.pha'}"),
        ("filters", "PATTERN <=", r"filters: a filter expression must .*Write, say, "),
        ("filters", {"PATTERN": "<= 12"}, "filters.PATTERN must be a table"),
        ("events", [], "events must be .*at least 1 of them"),
    ],
)  # fmt: skip
def test_what_is_refused_is_told_with_an_example(
    key: str, value: object, message: str
) -> None:
    with pytest.raises(HifredError, match=message):
        mos1(**{key: value})


def all_keys(kind: Any) -> list[str]:
    """Return the keys of settings, and of the tables in them."""
    names = list(fields_of(kind))
    for field in fields_of(kind).values():
        for branch in branches_of(full_type(field)):
            bare = parts_of(branch)[0]
            inner = bare if fields_of(bare) else None
            names += [] if inner is None else all_keys(inner)
    return names


def test_the_template_is_a_configuration_with_every_key(tmp_path: Path) -> None:
    (tmp_path / "prepare.toml").write_text(preparation_template())
    found = read_preparation(tmp_path / "prepare.toml")
    assert {i.role for i in found.instruments.values()} == {"imager", "spectrometer"}
    keys = [*all_keys(PreparationSettings), *all_keys(InstrumentSettings)]
    lines = preparation_template().splitlines()
    for key in keys:
        shown = [ln for ln in lines if key in ln.lstrip("# ").split(" = ")[0]]
        assert shown, key


def test_every_line_of_the_template_is_toml(tmp_path: Path) -> None:
    text = preparation_template()
    for line in text.splitlines():
        bare = line.removeprefix("# ")
        if " = " in bare and bare.split(" = ")[0].isidentifier():
            tomllib.loads(bare)
