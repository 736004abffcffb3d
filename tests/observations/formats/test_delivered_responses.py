"""Responses a little other than most: a right value by hand, or a named error."""

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from numpy.testing import assert_allclose

from hifred.observations.formats.fits_files import FitsFormatError
from hifred.observations.formats.ogip import read_arf, read_rmf
from tests.observations import ogip_files as toy


def turned(hdu: fits.BinTableHDU) -> fits.BinTableHDU:
    """The rows of a table from the last to the first, as by wavelength."""
    other = hdu.copy()
    for name in hdu.columns.names:
        other.data[name] = hdu.data[name][::-1].copy()
    return other


def area_hdu(area: list[float], **column: object) -> fits.BinTableHDU:
    columns = toy.arf_hdu().columns
    made = fits.Column(
        "SPECRESP", unit="cm**2", array=np.array(area), **{"format": "D", **column}
    )
    return fits.BinTableHDU.from_columns(
        [columns["ENERG_LO"], columns["ENERG_HI"], made], name="SPECRESP"
    )


def test_energies_from_high_to_low_are_turned(tmp_path: Path) -> None:
    arf = read_arf(toy.write(tmp_path / "a.arf", turned(toy.arf_hdu())))
    assert_allclose(arf.energy_edges, toy.ENERGY_EDGES)
    assert_allclose(arf.effective_area, [10, 30, 20])
    matrix = turned(toy.matrix_hdu("fixed"))
    path = toy.write(tmp_path / "a.rmf", matrix, toy.ebounds_hdu())
    assert_allclose(read_rmf(path).matrix.toarray(), toy.MATRIX.T, rtol=1e-7)
    band = read_rmf(path, energy_band=(1.1, 1.9))
    assert_allclose(band.energy_edges, [1, 2])
    assert_allclose(band.matrix.toarray()[:, 0], toy.MATRIX[1], rtol=1e-7)


def test_a_response_in_square_metres_is_in_cm2(tmp_path: Path) -> None:
    matrix = toy.matrix_hdu("fixed")
    matrix.columns["MATRIX"].unit = "m**2"
    rmf = read_rmf(toy.write(tmp_path / "a.rsp", matrix, toy.ebounds_hdu()))
    assert rmf.kind == "FULL"
    assert_allclose(rmf.column_sums, 1e4 * toy.MATRIX.sum(axis=1), rtol=1e-6)


def test_an_area_that_ends_undefined_is_shorter(tmp_path: Path) -> None:
    hdu = area_hdu([np.nan, 30, 20])
    arf = read_arf(toy.write(tmp_path / "a.arf", hdu))
    assert_allclose(arf.energy_edges, toy.ENERGY_EDGES[1:])
    assert_allclose(arf.effective_area, [30, 20])


@pytest.mark.parametrize(
    ("area", "message"),
    [
        ([10, np.nan, 20], r"SPECRESP must be finite; at 1 to 2 keV it is nan"),
        ([np.nan] * 3, r"a.arf\[SPECRESP\] column SPECRESP must be finite; no row is"),
    ],
)
def test_an_area_with_holes_is_told(
    tmp_path: Path, area: list[float], message: str
) -> None:
    with pytest.raises(FitsFormatError, match=message):
        read_arf(toy.write(tmp_path / "a.arf", area_hdu(area)))


def test_undefined_values_are_told_as_they_are_stored(tmp_path: Path) -> None:
    """TNULL is the number in the file, before TSCAL and TZERO."""
    hdu = area_hdu([7, 60, 40], format="J")
    hdu.header.update(TNULL3=7, TSCAL3=0.5, TZERO3=3.0)
    arf = read_arf(toy.write(tmp_path / "a.arf", hdu))
    assert_allclose(arf.effective_area, [33, 23])


def test_several_tables_are_one_or_told(tmp_path: Path) -> None:
    one, other = toy.arf_hdu(), area_hdu([1, 3, 2])
    assert read_arf(toy.write(tmp_path / "a.arf", one, one.copy())).effective_area[0]
    with pytest.raises(FitsFormatError, match="one table SPECRESP; it has 2 that"):
        read_arf(toy.write(tmp_path / "a.arf", one, other))
    named = {"a.arf[1]": 10, "a.arf[2]": 1, "a.arf+2": 1}
    assert all(read_arf(tmp_path / n).effective_area[0] == a for n, a in named.items())
    bounds = [toy.ebounds_hdu(), toy.ebounds_hdu(2)]
    with pytest.raises(FitsFormatError, match="an extension 7; it has PRIMARY, SPEC"):
        read_arf(tmp_path / "a.arf[7]")
    with pytest.raises(FitsFormatError, match="one table EBOUNDS; it has 2 that"):
        read_rmf(toy.write(tmp_path / "a.rmf", toy.matrix_hdu(), *bounds))


def test_areas_of_many_spectra_are_told(tmp_path: Path) -> None:
    """Type II, as of gratings: one area per row."""
    edges = np.tile(toy.ENERGY_EDGES, (2, 1))
    columns = [
        fits.Column("ENERG_LO", "3E", unit="keV", array=edges[:, :-1]),
        fits.Column("ENERG_HI", "3E", unit="keV", array=edges[:, 1:]),
        fits.Column("SPECRESP", "3E", unit="cm**2", array=np.ones((2, 3))),
    ]
    hdu = fits.BinTableHDU.from_columns(columns, name="SPECRESP")
    with pytest.raises(FitsFormatError, match=r"ENERG_LO must .* per row; it holds 3"):
        read_arf(toy.write(tmp_path / "a.arf", hdu))
