import warnings
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from numpy.testing import assert_array_equal
from scipy import sparse

from hifred.observations.formats.ogip import read_arf, read_rmf
from hifred.observations.formats.ogip_writers import write_arf, write_pha, write_rmf
from hifred.observations.formats.pha import Spectrum, read_pha
from hifred.observations.formats.rmf import Arf, Rmf


def random_rmf(rng: np.random.Generator, first_channel: int = 3) -> Rmf:
    matrix = rng.random((7, 5)) * (rng.random((7, 5)) < 0.6)
    matrix[:, 2] = 0  # a row without any group
    matrix /= max(matrix.sum(axis=0).max(), 1)
    edges = np.sort(rng.uniform(0.4, 4, 8))
    return Rmf(
        sparse.csr_array(matrix),
        np.sort(rng.uniform(0.5, 3, 6)),
        first_channel + np.arange(7),
        edges[:-1],
        edges[1:],
        keywords={"TELESCOP": "XRISM", "INSTRUME": "RESOLVE"},
    )


def check_file(path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with fits.open(path, checksum=True) as hdus:
            hdus.verify("exception")
            assert all("CHECKSUM" in hdu.header for hdu in hdus)


@pytest.mark.parametrize("first_channel", [0, 1, 3])
def test_a_matrix_returns_without_loss(tmp_path: Path, first_channel: int) -> None:
    rmf = random_rmf(np.random.default_rng(1), first_channel)
    write_rmf(tmp_path / "a.rmf", rmf)
    check_file(tmp_path / "a.rmf")
    again = read_rmf(tmp_path / "a.rmf")
    assert_array_equal(again.matrix.toarray(), rmf.matrix.toarray())
    for name in ("energy_edges", "channel", "channel_low", "channel_high"):
        assert_array_equal(getattr(again, name), getattr(rmf, name))
    assert again.keywords["INSTRUME"] == "RESOLVE"


def test_elements_below_the_threshold_are_left_out(tmp_path: Path) -> None:
    rmf = random_rmf(np.random.default_rng(1))
    cut = Rmf(**{**vars(rmf), "threshold": 0.1})
    write_rmf(tmp_path / "a.rmf", cut)
    full = rmf.matrix.toarray()
    again = read_rmf(tmp_path / "a.rmf")
    assert_array_equal(again.matrix.toarray(), np.where(full > 0.1, full, 0))


def test_an_area_returns_without_loss(tmp_path: Path) -> None:
    arf = Arf(np.array([0.1, 1 / 3, 0.7]), np.array([np.pi, 0.0]))
    write_arf(tmp_path / "a.arf", arf)
    check_file(tmp_path / "a.arf")
    again = read_arf(tmp_path / "a.arf")
    assert_array_equal(again.energy_edges, arf.energy_edges)
    assert_array_equal(again.effective_area, arf.effective_area)


def test_a_spectrum_returns_without_loss(tmp_path: Path) -> None:
    spectrum = Spectrum(
        channel=np.arange(2, 6),
        counts=np.array([0, 1.5, np.pi, 7]),
        exposure_time=123.4,
        error=np.array([0, 0.1, 0.2, 1 / 3]),
        is_poisson=False,
        quality=np.array([0, 0, 1, 0]),
        area_scale=np.array([1, 0.5, 0.25, 1]),
        background_scale=0.125,
        files={"RESPFILE": "a.rmf", "ANCRFILE": "a.arf"},
    )
    write_pha(tmp_path / "a.pha", spectrum)
    check_file(tmp_path / "a.pha")
    again = read_pha(tmp_path / "a.pha")
    for name in ("channel", "counts", "error", "quality", "area_scale"):
        assert_array_equal(getattr(again, name), getattr(spectrum, name))
    for name in ("exposure_time", "is_poisson", "background_scale", "files"):
        assert getattr(again, name) == getattr(spectrum, name)
    assert again.grouping is None
