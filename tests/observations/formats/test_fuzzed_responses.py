"""Whatever comes, readers of responses end in a value or an error of ours."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from hifred.errors import HifredError
from hifred.observations.formats.ogip import read_arf, read_rmf
from hifred.observations.formats.pha import read_pha
from hifred.observations.preparation.psf_images import image_psf
from tests.observations import ogip_files as toy

N_VARIANTS = 200
WRONG = (0, -1, 1e300, "", "text", True, -0.5)
# What astropy needs to find the data at all: a file without is no FITS file.
STRUCTURE = ("SIMPLE", "XTENSION", "BITPIX", "NAXIS", "PCOUNT", "GCOUNT", "TFIELDS",
             "TFORM", "TTYPE", "EXTEND", "END")  # fmt: skip


def spectrum() -> list[Any]:
    columns = [
        fits.Column("CHANNEL", "J", array=np.arange(8)),
        fits.Column("COUNTS", "E", unit="count", array=np.arange(8.0)),
        fits.Column("QUALITY", "I", array=np.zeros(8)),
        fits.Column("AREASCAL", "E", array=np.ones(8)),
    ]
    hdu = fits.BinTableHDU.from_columns(columns, name="SPECTRUM")
    hdu.header.update(EXPOSURE=10.0, BACKSCAL=1.0, POISSERR=True, RESPFILE="a")
    return [hdu]


def psf() -> list[Any]:
    hdu = fits.ImageHDU(np.outer(*[np.hanning(9) + 0.01] * 2))
    hdu.header.update(CDELT1=2.0, CUNIT1="arcsec", BUNIT="")
    return [hdu]


FILES: dict[str, tuple[Callable[[], list[Any]], Callable[[Path], object]]] = {
    "rmf": (lambda: [toy.matrix_hdu("fixed"), toy.ebounds_hdu()], read_rmf),
    "ragged rmf": (lambda: [toy.matrix_hdu(), toy.ebounds_hdu()], read_rmf),
    "arf": (lambda: [toy.arf_hdu()], read_arf),
    "pha": (spectrum, read_pha),
    "psf": (psf, lambda path: image_psf(path, 3.0)),
}


def spoil(hdus: list[Any], rng: np.random.Generator) -> None:
    """Drop, swap or change one to three keywords, and some of the values."""
    hdu = hdus[rng.integers(len(hdus))]
    for _ in range(rng.integers(1, 4)):
        keys = [k for k in hdu.header if k and not k.startswith(STRUCTURE)]
        key, other = rng.choice(keys, 2)
        action = rng.integers(3)
        if action == 0:
            del hdu.header[key]
        else:
            wrong = (hdu.header[other], WRONG[rng.integers(len(WRONG))])
            hdu.header[key] = wrong[action - 1]
    data = hdu.data if hdu.is_image else hdu.data[rng.choice(hdu.data.names)]
    if data.dtype.kind in "if" and rng.random() < 0.6:
        worst = {"f": [np.nan, np.inf, -1.0, 1e30], "i": [-1, 0, 100]}[data.dtype.kind]
        data.flat[rng.integers(data.size)] = worst[rng.integers(len(worst))]


@pytest.mark.parametrize("kind", FILES)
def test_a_spoilt_file_ends_in_a_value_or_a_sentence(tmp_path: Path, kind: str) -> None:
    make, read = FILES[kind]
    path, ended = tmp_path / "spoilt.fits", {"value": 0, "error": 0}
    for seed in range(N_VARIANTS):
        rng = np.random.default_rng(seed)
        hdus = make()
        spoil(hdus, rng)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = fits.HDUList([fits.PrimaryHDU(), *hdus])
            made.writeto(path, overwrite=True, output_verify="ignore")
            if rng.random() < 0.1:
                path.write_bytes(path.read_bytes()[: rng.integers(path.stat().st_size)])
            try:
                read(path)
                ended["value"] += 1
            except HifredError:
                ended["error"] += 1
    assert min(ended.values()) > 10, ended
