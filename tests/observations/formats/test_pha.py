from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from numpy.testing import assert_allclose, assert_array_equal

from hifred.observations.formats.fits_files import FitsFormatError
from hifred.observations.formats.pha import read_pha


def spectrum_file(path: Path, exposure_time: object = 50.0, **columns: object) -> Path:
    made = [fits.Column("CHANNEL", "J", array=np.arange(4))]
    for name, values in columns.items():
        made.append(fits.Column(name, "E", array=values))
    hdu = fits.BinTableHDU.from_columns(made, name="SPECTRUM")
    hdu.header.update(TELESCOP="TOY", BACKSCAL=0.25, RESPFILE="a.rmf", ANCRFILE="none")
    if exposure_time is not None:
        hdu.header["EXPOSURE"] = exposure_time
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(path, overwrite=True)
    return path


def test_counts_are_read_with_their_keywords(tmp_path: Path) -> None:
    path = spectrum_file(tmp_path / "a.pi", COUNTS=[3, 0, 1, 7], QUALITY=[0, 0, 5, 0])
    spectrum = read_pha(path)
    assert_array_equal(spectrum.counts, [3, 0, 1, 7])
    assert_array_equal(spectrum.quality, [0, 0, 5, 0])
    assert spectrum.exposure_time == 50
    assert spectrum.background_scale == 0.25
    assert spectrum.files == {"RESPFILE": "a.rmf"}
    assert spectrum.is_poisson


def test_rates_become_counts(tmp_path: Path) -> None:
    path = spectrum_file(
        tmp_path / "a.pi", RATE=[0.1, 0, 0.2, 1], STAT_ERR=[0.01, 0, 0.02, 0.1]
    )
    spectrum = read_pha(path)
    assert_allclose(spectrum.counts, [5, 0, 10, 50], rtol=1e-6)
    assert_allclose(spectrum.error, [0.5, 0, 1, 5], rtol=1e-6)
    assert not spectrum.is_poisson


@pytest.mark.parametrize(
    ("exposure_time", "columns", "message"),
    [
        (None, {"COUNTS": [1] * 4}, r"keyword EXPOSURE above 0 s; got None"),
        (-1.0, {"COUNTS": [1] * 4}, r"keyword EXPOSURE above 0 s; got -1"),
        (9.0, {"COUNTS": [1, 2, -3, 4]}, r"column COUNTS must not be negative; row 2"),
        (9.0, {"FLUX": [1] * 4}, r"a.pi\[SPECTRUM\] must have a column RATE"),
    ],
)
def test_a_malformed_spectrum_is_told(
    tmp_path: Path, exposure_time: object, columns: dict, message: str
) -> None:
    path = spectrum_file(tmp_path / "a.pi", exposure_time, **columns)
    with pytest.raises(FitsFormatError, match=message):
        read_pha(path)


@pytest.mark.parametrize(("unit", "factor"), [("counts/ks", 1e-3), ("ct s-1", 1.0)])
def test_rates_have_their_units(tmp_path: Path, unit: str, factor: float) -> None:
    path = spectrum_file(tmp_path / "a.pi", RATE=[1, 2, 3, 4])
    with fits.open(path, mode="update") as hdus:
        hdus[1].header["TUNIT2"] = unit
    assert_allclose(read_pha(path).counts, 50 * factor * np.arange(1, 5), rtol=1e-6)


def test_a_logical_keyword_may_be_spelt(tmp_path: Path) -> None:
    path = spectrum_file(tmp_path / "a.pi", COUNTS=[1] * 4)
    with fits.open(path, mode="update") as hdus:
        hdus[1].header["POISSERR"] = "F"
    assert not read_pha(path).is_poisson


@pytest.mark.parametrize("name", ["AREASCAL", "BACKSCAL"])
@pytest.mark.parametrize("value", [0.0, -1.0, "much"])
def test_a_scale_that_is_none_is_told(tmp_path: Path, name: str, value: object) -> None:
    path = spectrum_file(tmp_path / "a.pi", COUNTS=[1] * 4)
    with fits.open(path, mode="update") as hdus:
        hdus[1].header[name] = value
    with pytest.raises(FitsFormatError, match=rf"a.pi\[SPECTRUM\] must have .*{name}"):
        read_pha(path)


def test_many_spectra_in_a_file_are_told(tmp_path: Path) -> None:
    path = spectrum_file(tmp_path / "a.pi", COUNTS=[1] * 4, SPEC_NUM=[1, 2, 3, 4])
    with pytest.raises(FitsFormatError, match=r"one spectrum \(type I\)"):
        read_pha(path)


def test_the_real_perseus_spectrum_has_its_counts(shared_data: Path) -> None:
    spectrum = read_pha(shared_data / "responses/xa_merged_p0px1000_Hp.pi")
    assert spectrum.counts.sum() == 228_716
    assert len(spectrum.channel) == 60_000


def test_what_bad_channels_hold_does_not_matter(tmp_path: Path) -> None:
    """RGS and others have an AREASCAL of 0, and no counts, where a CCD is dead."""
    columns = {
        "COUNTS": [3, np.nan, -1, 7],
        "AREASCAL": [2, 0, np.nan, 1],
        "QUALITY": [0, 1, 5, 0],
    }
    spectrum = read_pha(spectrum_file(tmp_path / "a.pi", **columns))
    assert_array_equal(spectrum.counts, [3, 0, 0, 7])
    assert_array_equal(spectrum.area_scale, [2, 1, 1, 1])
    for name, message in (("COUNTS", "must be finite; row 1 is nan. Mark"),
                          ("AREASCAL", "AREASCAL above 0; got")):  # fmt: skip
        spoilt = {"COUNTS": [1] * 4, name: columns[name]}
        with pytest.raises(FitsFormatError, match=message):
            read_pha(spectrum_file(tmp_path / "a.pi", **spoilt))
