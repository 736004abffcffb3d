from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from numpy.testing import assert_allclose

from hifred.observations.formats.fits_files import FitsFormatError
from hifred.observations.formats.fits_tables import read_interval_columns, read_table


def table_file(path: Path, **columns: tuple[list[float], str | None]) -> Path:
    made = [
        fits.Column(name, "E", array=values, unit=unit)
        for name, (values, unit) in columns.items()
    ]
    hdu = fits.BinTableHDU.from_columns(made, name="BANDS")
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(path)
    return path


def test_a_column_is_converted_to_the_unit_wanted(tmp_path: Path) -> None:
    path = table_file(tmp_path / "a.fits", width=([1.0, 2.5], "arcmin"))
    table = read_table(path, ("BANDS",))
    assert_allclose(table.quantity("WIDTH", "arcsec"), [60, 150])
    assert table.number("width") == 1


def test_units_of_other_writers_are_understood(tmp_path: Path) -> None:
    path = table_file(tmp_path / "a.fits", lo=([1.0], "KEV"), hi=([2000.0], "EV"))
    low, high = read_interval_columns(read_table(path, ("BANDS",)), "LO", "HI", "keV")
    assert_allclose([low[0], high[0]], [1, 2])


def test_a_class_finds_a_table_of_any_name(tmp_path: Path) -> None:
    path = table_file(tmp_path / "a.fits", lo=([1.0], "keV"))
    fits.setval(path, "HDUCLAS1", value="EVENTS", ext=1)
    assert read_table(path, ("OTHER",), classes=("EVENTS",)).extension == "BANDS"


def test_a_missing_column_lists_the_columns(tmp_path: Path) -> None:
    path = table_file(tmp_path / "a.fits", lo=([1.0], "keV"), hi=([2.0], "keV"))
    with pytest.raises(FitsFormatError, match=r"a.fits\[BANDS\].*it has lo, hi"):
        read_table(path, ("BANDS",)).numbers("E_MIN")


def test_a_column_of_text_is_told(tmp_path: Path) -> None:
    hdu = fits.BinTableHDU.from_columns([fits.Column("E_MIN", "3A", array=["a", "b"])])
    hdu.name = "BANDS"
    hdu.writeto(tmp_path / "a.fits")
    with pytest.raises(FitsFormatError, match=r"E_MIN must hold numbers"):
        read_table(tmp_path / "a.fits", ("BANDS",)).numbers("E_MIN")


def test_a_value_that_is_not_finite_is_told_with_its_row(tmp_path: Path) -> None:
    path = table_file(tmp_path / "a.fits", lo=([1.0, np.nan], "keV"))
    with pytest.raises(
        FitsFormatError, match=r"column lo must be finite; row 1 is nan"
    ):
        read_table(path, ("BANDS",)).numbers("lo")


def test_an_empty_table_is_told(tmp_path: Path) -> None:
    path = table_file(tmp_path / "a.fits", lo=([], "keV"), hi=([], "keV"))
    with pytest.raises(FitsFormatError, match=r"\[BANDS\] column lo .* empty"):
        read_interval_columns(read_table(path, ("BANDS",)), "lo", "hi", "keV")


def test_what_is_no_fits_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a FITS file\n" * 300)
    with pytest.raises(FitsFormatError, match=r"notes.txt must be a whole FITS file"):
        read_table(path, ("BANDS",))


def test_a_file_of_another_kind_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.reg").write_text("fk5; circle(83, 22, 30)")
    with pytest.raises(FitsFormatError, match=r"a.reg must .* it does not begin as"):
        read_table(tmp_path / "a.reg", ("EVENTS",))
