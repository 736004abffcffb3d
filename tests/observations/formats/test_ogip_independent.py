"""The same matrices as gammapy reads, an independent package."""

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from numpy.testing import assert_allclose

from hifred.observations.formats.ogip import read_arf, read_rmf

pytestmark = pytest.mark.slow  # gammapy takes 4 s to import


def gammapy_matrix(path: Path, rows: slice = slice(None)) -> np.ndarray:
    """Return gammapy's (energy, channel) matrix of some rows.

    gammapy wants a list of groups in every row and ignores TLMIN, so that rows are
    given to it as lists, counted from 0. It builds the dense matrix: all of SXS would
    take 8 GiB.
    """
    from gammapy.irf import EDispKernel

    with fits.open(path) as hdus:
        table = hdus["MATRIX"]
        first = table.header[f"TLMIN{table.columns.names.index('F_CHAN') + 1}"]
        data = table.data[rows]
        columns = [
            fits.Column(name, "E", unit="keV", array=data[name])
            for name in ("ENERG_LO", "ENERG_HI")
        ]
        columns.append(fits.Column("N_GRP", "I", array=data["N_GRP"]))
        for name, code, shift in (
            ("F_CHAN", "PJ()", first),
            ("N_CHAN", "PJ()", 0),
            ("MATRIX", "PE()", 0),
        ):
            rows_of = np.empty(len(data), dtype=object)
            rows_of[:] = [np.atleast_1d(row) - shift for row in data[name]]
            columns.append(fits.Column(name, code, array=rows_of))
        matrix = fits.BinTableHDU.from_columns(columns, name="MATRIX")
        matrix.header["DETCHANS"] = table.header["DETCHANS"]
        again = fits.HDUList([fits.PrimaryHDU(), matrix, hdus["EBOUNDS"].copy()])
        return EDispKernel.from_hdulist(again).data


@pytest.mark.parametrize(
    "name",
    ["responses/xmm_mos1_0605960101.rmf", "chandra_snr/SNR-circle-ERrebin1-ET10eV.rmf",
     "chandra_snr/SNR-circle-ERrebin16-ET10eV.rmf"],
)  # fmt: skip
def test_a_matrix_is_what_gammapy_reads(shared_data: Path, name: str) -> None:
    rmf = read_rmf(shared_data / name)
    theirs = gammapy_matrix(shared_data / name)
    assert_allclose(rmf.matrix.toarray(), theirs.T, rtol=1e-7, atol=0)
    assert_allclose(rmf.matrix.sum(axis=0), theirs.sum(axis=1), rtol=1e-12)


def test_the_sxs_matrix_is_what_gammapy_reads(shared_data: Path) -> None:
    path = shared_data / "responses/ah100040030_sxs_cl2_HP_small.rmf.gz"
    rows = slice(12400, 13800, 7)
    theirs = gammapy_matrix(path, rows)
    rmf = read_rmf(path)
    ours = rmf.matrix[:, np.arange(12400, 13800, 7)].toarray()
    assert_allclose(ours, theirs.T, rtol=1e-7, atol=0)


@pytest.mark.parametrize(
    "name", ["responses/xmm_mos1_0605960101.arf", "chandra_snr/SNR-circle.arf"]
)
def test_an_area_is_what_gammapy_reads(shared_data: Path, name: str) -> None:
    from gammapy.maps import RegionNDMap

    theirs = RegionNDMap.read(shared_data / name, format="ogip-arf")
    ours = read_arf(shared_data / name)
    assert_allclose(ours.effective_area, theirs.quantity.to_value("cm2").ravel())
    axis = theirs.geom.axes[0]
    assert_allclose(ours.energy_edges, axis.edges.to_value("keV"), rtol=1e-6)
