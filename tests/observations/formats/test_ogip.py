import gzip
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from numpy.testing import assert_allclose, assert_array_equal

from hifred.observations.formats.fits_files import FitsFormatError
from hifred.observations.formats.ogip import read_arf, read_rmf
from hifred.observations.formats.rmf import Rmf
from tests.observations import ogip_files as toy

MOS1 = "responses/xmm_mos1_0605960101.rmf"
SXS = "responses/ah100040030_sxs_cl2_HP_small.rmf.gz"
ACIS = "chandra_snr/SNR-circle-ERrebin1-ET10eV.rmf"


def dense(rmf: Rmf) -> np.ndarray:
    return rmf.matrix.toarray()


@pytest.mark.parametrize("first_channel", [0, 1, 7])
@pytest.mark.parametrize("layout", toy.LAYOUTS)
def test_rows_of_every_layout_are_uncompressed(
    tmp_path: Path, layout: str, first_channel: int
) -> None:
    path = toy.write(
        tmp_path / "toy.rmf",
        toy.matrix_hdu(layout, first_channel),
        toy.ebounds_hdu(first_channel),
    )
    rmf = read_rmf(path)
    assert_allclose(dense(rmf), toy.MATRIX.T, rtol=1e-7)
    assert_allclose(rmf.energy_edges, toy.ENERGY_EDGES, rtol=1e-7)
    assert_allclose(rmf.channel_edges, toy.CHANNEL_EDGES, rtol=1e-7)
    assert_array_equal(rmf.channel, np.arange(5) + first_channel)
    assert rmf.threshold == pytest.approx(1e-6)
    assert rmf.kind == "REDIST"


def test_without_tlmin_groups_count_from_the_first_channel(tmp_path: Path) -> None:
    matrix = toy.matrix_hdu("variable", 0)
    del matrix.header["TLMIN4"]
    path = toy.write(tmp_path / "toy.rmf", matrix, toy.ebounds_hdu(0))
    assert_allclose(dense(read_rmf(path)), toy.MATRIX.T, rtol=1e-7)


def test_energies_in_electronvolts_are_converted(tmp_path: Path) -> None:
    path = toy.write(tmp_path / "t.rmf", toy.matrix_hdu(), toy.ebounds_hdu(1, "eV"))
    assert_allclose(read_rmf(path).channel_edges, toy.CHANNEL_EDGES, rtol=1e-6)


def test_channels_of_decreasing_energy_are_turned_around(tmp_path: Path) -> None:
    bounds = toy.ebounds_hdu()
    for name in ("E_MIN", "E_MAX"):
        bounds.data[name] = bounds.data[name][::-1].copy()
    rmf = read_rmf(toy.write(tmp_path / "toy.rmf", toy.matrix_hdu(), bounds))
    assert_allclose(dense(rmf), toy.MATRIX.T[::-1], rtol=1e-7)
    assert_array_equal(rmf.channel, [5, 4, 3, 2, 1])


def test_matrices_on_the_same_energies_are_summed(tmp_path: Path) -> None:
    second = toy.matrix_hdu("fixed")
    second.data["MATRIX"] = second.data["MATRIX"] * 0.25
    path = toy.write(tmp_path / "toy.rmf", toy.matrix_hdu(), second, toy.ebounds_hdu())
    assert_allclose(dense(read_rmf(path)), 1.25 * toy.MATRIX.T, rtol=1e-6)


def test_a_response_with_area_is_split(tmp_path: Path) -> None:
    matrix = toy.matrix_hdu("fixed")
    matrix.data["MATRIX"] = matrix.data["MATRIX"] * np.array([[50], [60], [70]])
    matrix.name = "SPECRESP MATRIX"
    rmf = read_rmf(toy.write(tmp_path / "toy.rsp", matrix, toy.ebounds_hdu()))
    assert rmf.kind == "FULL"
    assert_allclose(rmf.column_sums, [50 * 0.75, 60 * 0.9, 70], rtol=1e-6)
    assert_allclose((dense(rmf) / rmf.column_sums).sum(axis=0), 1)


def test_a_band_keeps_only_its_energies_and_channels(tmp_path: Path) -> None:
    path = toy.write(tmp_path / "toy.rmf", toy.matrix_hdu(), toy.ebounds_hdu())
    rmf = read_rmf(path, energy_band=(1.0, 2.0), channel_band=(0.95, 2.4))
    assert_allclose(dense(rmf), toy.MATRIX.T[1:4, 1:2], rtol=1e-7)
    assert_allclose(rmf.energy_edges, [1, 2])


@pytest.mark.parametrize("column", ["ENERG_LO", "N_GRP", "F_CHAN", "N_CHAN", "MATRIX"])
def test_a_missing_matrix_column_is_named(tmp_path: Path, column: str) -> None:
    spoilt = toy.without_column(toy.matrix_hdu(), column)
    path = toy.write(tmp_path / "toy.rmf", spoilt, toy.ebounds_hdu())
    with pytest.raises(FitsFormatError, match=rf"toy.rmf\[MATRIX\].*column {column}"):
        read_rmf(path)


def test_a_missing_extension_is_named(tmp_path: Path) -> None:
    path = toy.write(tmp_path / "toy.rmf", toy.matrix_hdu())
    with pytest.raises(FitsFormatError, match=r"toy.rmf must have .* EBOUNDS"):
        read_rmf(path)


def _spoil(hdu: fits.BinTableHDU, column: str, row: int, value: object) -> None:
    hdu.data[column][row] = value


@pytest.mark.parametrize(
    ("column", "row", "value", "message"),
    [
        ("ENERG_HI", 1, 0.9, r"\[MATRIX\] column ENERG_HI.*inverted"),
        ("ENERG_LO", 2, 3.0, r"\[MATRIX\] column ENERG_LO.*touch"),
        ("ENERG_LO", 0, np.nan, r"\[MATRIX\] column ENERG_LO must be finite"),
        ("N_GRP", 0, 3, r"\[MATRIX\] column F_CHAN.*N_GRP asks for 3"),
        ("N_GRP", 0, -1, r"\[MATRIX\] column N_GRP must not be negative"),
        ("F_CHAN", 0, [9, 0], r"\[MATRIX\] column F_CHAN must stay within the 5"),
        ("N_CHAN", 2, [4, 0], r"\[MATRIX\] column (F_CHAN|MATRIX)"),
        ("N_CHAN", 2, [-1, 0], r"\[MATRIX\] column N_CHAN must not be negative"),
        ("MATRIX", 1, [-0.1, 0.6, 0.2], r"\[MATRIX\] column MATRIX must be finite"),
    ],
)
def test_a_malformed_matrix_is_told_with_its_place(
    tmp_path: Path, column: str, row: int, value: object, message: str
) -> None:
    hdu = toy.matrix_hdu("fixed")
    _spoil(hdu, column, row, value)
    path = toy.write(tmp_path / "toy.rmf", hdu, toy.ebounds_hdu())
    with pytest.raises(FitsFormatError, match="toy.rmf" + message):
        read_rmf(path)


def test_inverted_channel_edges_are_told(tmp_path: Path) -> None:
    bounds = toy.ebounds_hdu()
    _spoil(bounds, "E_MAX", 3, 0.1)
    path = toy.write(tmp_path / "toy.rmf", toy.matrix_hdu(), bounds)
    with pytest.raises(FitsFormatError, match=r"\[EBOUNDS\] column E_MAX.*inverted"):
        read_rmf(path)


def test_channels_that_skip_are_told(tmp_path: Path) -> None:
    bounds = toy.ebounds_hdu()
    _spoil(bounds, "CHANNEL", 3, 9)
    path = toy.write(tmp_path / "toy.rmf", toy.matrix_hdu(), bounds)
    with pytest.raises(FitsFormatError, match=r"\[EBOUNDS\] column CHANNEL"):
        read_rmf(path)


def test_a_wrong_unit_is_told(tmp_path: Path) -> None:
    path = toy.write(tmp_path / "toy.arf", toy.arf_hdu("keV"))
    with pytest.raises(
        FitsFormatError, match=r"toy.arf\[SPECRESP\] column SPECRESP must be in cm2"
    ):
        read_arf(path)


def test_an_arf_is_read_in_cm2(tmp_path: Path) -> None:
    arf = read_arf(toy.write(tmp_path / "toy.arf", toy.arf_hdu("m**2")))
    assert_allclose(arf.effective_area, [1e5, 3e5, 2e5])
    assert_allclose(arf.energy_edges, toy.ENERGY_EDGES, rtol=1e-7)


def test_a_negative_area_is_told(tmp_path: Path) -> None:
    hdu = toy.arf_hdu()
    _spoil(hdu, "SPECRESP", 1, -3.0)
    with pytest.raises(FitsFormatError, match=r"SPECRESP must not be negative; row 1"):
        read_arf(toy.write(tmp_path / "toy.arf", hdu))


@pytest.mark.parametrize("kept", [100, 2880 * 3, 0.7])
def test_a_truncated_file_is_told(tmp_path: Path, kept: float) -> None:
    path = toy.write(tmp_path / "toy.rmf", toy.matrix_hdu(), toy.ebounds_hdu())
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept if kept >= 1 else kept * len(whole))])
    with pytest.raises(FitsFormatError, match=r"toy\.rmf"):
        read_rmf(path)


def test_a_truncated_gzip_file_is_told(tmp_path: Path) -> None:
    path = toy.write(tmp_path / "toy.rmf", toy.matrix_hdu(), toy.ebounds_hdu())
    packed = tmp_path / "toy.rmf.gz"
    packed.write_bytes(gzip.compress(path.read_bytes())[:-40])
    with pytest.raises(FitsFormatError, match=r"toy.rmf.gz must be a whole FITS file"):
        read_rmf(packed)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(FitsFormatError, match=r"none.rmf must be a file"):
        read_rmf(tmp_path / "none.rmf")


def equivalent_fwhm_ev(rmf: Rmf, energy_kev: float) -> float:
    """Width of the Gaussian with the same area and peak."""
    i = int(np.searchsorted(rmf.energy_edges, energy_kev)) - 1
    line = rmf.matrix[:, [i]].toarray().ravel()
    density = line / np.diff(rmf.channel_edges)
    return float(
        1e3 * line.sum() / density.max() * np.sqrt(8 * np.log(2) / (2 * np.pi))
    )


def test_mos1_folds_a_line_into_its_documented_width(shared_data: Path) -> None:
    rmf = read_rmf(shared_data / MOS1)
    assert rmf.matrix.shape == (800, 2389)
    assert_allclose(rmf.matrix.sum(axis=0), 1, atol=1e-6)
    soft = [equivalent_fwhm_ev(rmf, e) for e in np.arange(0.5, 1.01, 0.05)]
    assert np.mean(soft) == pytest.approx(90, rel=0.05)
    assert equivalent_fwhm_ev(rmf, 6.4) == pytest.approx(165, rel=0.05)


def test_sxs_cut_to_a_band_folds_a_line_into_five_ev(shared_data: Path) -> None:
    rmf = read_rmf(shared_data / SXS, energy_band=(6.2, 6.9), channel_band=(6.1, 7.0))
    assert rmf.matrix.shape == (1800, 1400)
    assert equivalent_fwhm_ev(rmf, 6.5) == pytest.approx(5, rel=0.05)
    assert_allclose(rmf.matrix.sum(axis=0), 0.984923, atol=1e-5)


# The peak of getrusage is inherited from the process that starts this one; that of
# /proc is its own.
SCRIPT = """
import pathlib, sys
from hifred.observations.formats.ogip import read_rmf
read_rmf(sys.argv[1], energy_band=(6.2, 6.9), channel_band=(6.1, 7.0))
status = pathlib.Path("/proc/self/status").read_text()
print(int(status.split("VmHWM:")[1].split()[0]) / 1024)
"""


@pytest.mark.slow
def test_sxs_cut_to_a_band_takes_little_memory(shared_data: Path) -> None:
    peak_mib = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(shared_data / SXS)],
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    assert float(peak_mib) < 500
