"""Responses whose area, efficiency or continuum stands in one table or another."""

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from numpy.testing import assert_allclose, assert_array_equal

from hifred.observations.formats.ogip import read_rmf, read_rmf_parts
from tests.observations import ogip_files as toy

FINE = np.linspace(1.0, 3.0, 41)
COARSE = FINE[::8]
CHANNELS = np.linspace(0.5, 3.5, 31)


def table(
    edges: np.ndarray, matrix: np.ndarray, **keywords: object
) -> fits.BinTableHDU:
    """Return a MATRIX of one group per row; `matrix` is (energy, channel)."""
    n = len(matrix)
    columns = [
        fits.Column("ENERG_LO", "D", unit="keV", array=edges[:-1]),
        fits.Column("ENERG_HI", "D", unit="keV", array=edges[1:]),
        fits.Column("N_GRP", "I", array=np.ones(n)),
        fits.Column("F_CHAN", "I", array=np.zeros(n)),
        fits.Column("N_CHAN", "I", array=np.full(n, matrix.shape[1])),
        fits.Column("MATRIX", f"{matrix.shape[1]}D", array=matrix),
    ]
    hdu = fits.BinTableHDU.from_columns(columns, name="MATRIX")
    hdu.header.update(HDUCLAS1="RESPONSE", HDUCLAS2="RSP_MATRIX", TLMIN4=0, **keywords)
    return hdu


def bounds() -> fits.BinTableHDU:
    columns = [
        fits.Column("CHANNEL", "J", array=np.arange(len(CHANNELS) - 1)),
        fits.Column("E_MIN", "D", unit="keV", array=CHANNELS[:-1]),
        fits.Column("E_MAX", "D", unit="keV", array=CHANNELS[1:]),
    ]
    return fits.BinTableHDU.from_columns(columns, name="EBOUNDS")


@pytest.fixture
def comb(tmp_path: Path, rng: np.random.Generator) -> tuple[Path, np.ndarray]:
    """A fine core and a coarse continuum, and their sum by hand, (energy, channel)."""
    core, tail = rng.random((40, 30)), 0.1 * rng.random((5, 30))
    core, tail = core / core.sum(1, keepdims=True), tail / 30
    path = tmp_path / "comb.rmf"
    toy.write(path, table(COARSE, tail), bounds(), table(FINE, core))
    return path, core + np.repeat(tail, 8, axis=0)


def test_a_coarse_continuum_holds_for_every_energy_in_its_bins(
    comb: tuple[Path, np.ndarray],
) -> None:
    path, expected = comb
    rmf = read_rmf(path)
    assert_allclose(rmf.energy_edges, FINE)
    assert_allclose(rmf.matrix.toarray().T, expected, rtol=1e-12)


def test_the_parts_of_a_comb_stay_as_small_as_they_are_stored(
    comb: tuple[Path, np.ndarray],
) -> None:
    core, tail = read_rmf_parts(comb[0])
    assert (core.matrix.shape, tail.matrix.shape) == ((30, 40), (30, 5))


def test_a_comb_read_for_a_band_is_its_cut(comb: tuple[Path, np.ndarray]) -> None:
    path, expected = comb
    rmf = read_rmf(path, energy_band=(1.52, 2.18), channel_band=(1.0, 2.0))
    first = int(np.argmin(np.abs(FINE - rmf.energy_edges[0])))
    rows = slice(first, first + rmf.n_energies)
    assert rmf.energy_edges[0] == pytest.approx(1.5)
    assert_allclose(rmf.matrix.toarray().T, expected[rows, 5:15], rtol=1e-12)
    assert_allclose(rmf.column_sums, expected[rows, 5:15].sum(1), rtol=1e-12)


@pytest.mark.parametrize(
    ("level", "declared", "unit", "kind"),
    [
        (0.8, "FULL", "cm**2", "FULL"),
        (0.8, "FULL", None, "FULL"),
        (1.0, "FULL", None, "REDIST"),  # a probability, whatever is declared
        (1.0, "FULL", "cm**2", "FULL"),
        (1.08, "REDIST", None, "REDIST"),
        (0.6, "DETECTOR", None, "REDIST"),
        (140.0, "REDIST", None, "FULL"),  # no probability
        (140.0, None, None, "FULL"),
        (0.8, None, "CM**2", "FULL"),
        (1.0, None, None, "REDIST"),
    ],
)
def test_hduclas3_says_whether_the_area_is_in_the_matrix(
    tmp_path: Path, level: float, declared: str | None, unit: str | None, kind: str
) -> None:
    keywords = {} if declared is None else {"HDUCLAS3": declared}
    hdu = table(FINE, np.full((40, 30), level / 30), **keywords)
    if unit is not None:
        hdu.header["TUNIT6"] = unit
    path = toy.write(tmp_path / "a.rmf", hdu, bounds())
    assert read_rmf(path).kind == kind


def test_an_implausible_hduclas3_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    hdu = table(FINE, np.full((40, 30), 140 / 30), HDUCLAS3="REDIST")
    read_rmf(toy.write(tmp_path / "a.rmf", hdu, bounds()))
    assert "declares HDUCLAS3 = REDIST, but its columns sum to 140" in caplog.text


def test_an_entry_that_rounding_made_negative_is_zero(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    matrix = np.full((40, 30), 1 / 30)
    matrix[7, 3] = -1e-9
    rmf = read_rmf(toy.write(tmp_path / "a.rmf", table(FINE, matrix), bounds()))
    assert rmf.matrix[3, 7] == 0
    assert "has 1 entries of rounding below 0, taken as 0" in caplog.text


@pytest.mark.parametrize("band", [None, (1.2, 1.5)])
@pytest.mark.parametrize(
    ("f_chan", "tlmin", "channel"),
    [(0, 0, 0), (1, None, 1), (0, None, 0), (1, None, 0), (0, 0, 1)],
)
def test_channels_are_numbered_as_tlmin_or_the_groups_say(
    tmp_path: Path,
    band: tuple[float, float] | None,
    f_chan: int,
    tlmin: int | None,
    channel: int,
) -> None:
    hdu, ebounds = table(FINE, np.eye(40, 30)), bounds()
    hdu.data["F_CHAN"] = f_chan
    ebounds.data["CHANNEL"] += channel
    del hdu.header["TLMIN4"]
    if tlmin is not None:
        hdu.header["TLMIN4"] = tlmin
    rmf = read_rmf(toy.write(tmp_path / "a.rmf", hdu, ebounds), energy_band=band)
    first = 0 if band is None else 4
    assert_array_equal(
        rmf.matrix.toarray(), np.eye(40, 30).T[:, first:][:, : rmf.n_energies]
    )


def test_a_wrong_tlmin_is_told_even_for_a_band(tmp_path: Path) -> None:
    hdu = table(FINE, np.eye(40, 30))
    hdu.data["F_CHAN"] = 1
    path = toy.write(tmp_path / "a.rmf", hdu, bounds())
    with pytest.raises(ValueError, match=r"F_CHAN must stay within .* Check the TLMIN"):
        read_rmf(path, energy_band=(1.2, 1.5))
