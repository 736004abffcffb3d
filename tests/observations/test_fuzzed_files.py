"""Whatever comes, readers of files end in a value or an error of ours."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from hifred.errors import HifredError
from hifred.observations.events.event_list import read_events
from hifred.observations.formats.fits_images import read_sky_image
from hifred.observations.formats.ogip import read_arf, read_rmf
from hifred.observations.formats.pha import read_pha
from hifred.observations.preparation.psf_images import image_psf
from tests.observations import ogip_files as toy
from tests.observations.events.lists import events_hdu, good_times_hdu
from tests.observations.events.test_delivered_events import columns
from tests.observations.formats.test_delivered_images import VALUES, plain

N_VARIANTS = 290  # of each of seven kinds: 2,030
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
    return [fits.PrimaryHDU(), hdu]


def psf() -> list[Any]:
    hdu = fits.ImageHDU(np.outer(*[np.hanning(9) + 0.01] * 2))
    hdu.header.update(CDELT1=2.0, CUNIT1="arcsec", BUNIT="")
    return [fits.PrimaryHDU(), hdu]


def events() -> list[Any]:
    found = columns(50, PATTERN=np.arange(50) % 14, FLAG=np.zeros(50, int))
    return [
        fits.PrimaryHDU(),
        events_hdu(found, EXPOSURE=9e3, MJDREF=50814.0, TIMEZERO=0.0, TIMESYS="TT"),
        good_times_hdu([(0, 4e3), (5e3, 9e3)], MJDREF=50814.0, TIMESYS="TT"),
    ]


def image() -> list[Any]:
    energies = {"CTYPE3": "ENER", "CUNIT3": "keV", "CRVAL3": 2.0, "CRPIX3": 0.5}
    return [plain(VALUES.astype(float), CDELT3=0.1, RADESYS="ICRS", **energies)]


def tables(*hdus: Any) -> list[Any]:
    return [fits.PrimaryHDU(), *hdus]


FILES: dict[str, tuple[Callable[[], list[Any]], Callable[[Path], object]]] = {
    "rmf": (lambda: tables(toy.matrix_hdu("fixed"), toy.ebounds_hdu()), read_rmf),
    "ragged rmf": (lambda: tables(toy.matrix_hdu(), toy.ebounds_hdu()), read_rmf),
    "arf": (lambda: tables(toy.arf_hdu()), read_arf),
    "pha": (spectrum, read_pha),
    "psf": (psf, lambda path: image_psf(path, 3.0)),
    "events": (events, read_events),
    "image": (image, read_sky_image),
}


def spoil(hdus: list[Any], rng: np.random.Generator) -> None:
    """Drop, swap or change one to three keywords, and some of the values."""
    full = [hdu for hdu in hdus if hdu.data is not None]
    hdu = full[rng.integers(len(full))]
    for _ in range(rng.integers(1, 4)):
        keys = [k for k in hdu.header if k and not k.startswith(STRUCTURE)]
        key, other = rng.choice(keys, 2)
        action = rng.integers(3)
        if action == 0:
            del hdu.header[key]
        else:
            wrong = (hdu.header[other], WRONG[rng.integers(len(WRONG))])
            hdu.header[key] = wrong[action - 1]
    if rng.random() < 0.55:
        _spoil_values(hdu, rng)


def _spoil_values(hdu: Any, rng: np.random.Generator) -> None:
    data = hdu.data if hdu.is_image else hdu.data[rng.choice(hdu.data.names)]
    worst = {"f": [np.nan, np.inf, -np.inf, -1.0, 1e30], "i": [-1, 0, 100]}
    if data.dtype.kind in worst:
        at = rng.integers(data.size, size=rng.integers(1, 4))
        data.flat[at] = rng.choice(worst[data.dtype.kind], len(at))


def write(path: Path, hdus: list[Any], rng: np.random.Generator) -> bool:
    """Write a spoilt file, cut off one in ten; say whether there can be such a file."""
    try:
        fits.HDUList(hdus).writeto(path, overwrite=True, output_verify="ignore")
    except (fits.VerifyError, ValueError, TypeError, KeyError):
        return False
    if rng.random() < 0.1:
        path.write_bytes(path.read_bytes()[: rng.integers(path.stat().st_size)])
    return True


@pytest.mark.slow
@pytest.mark.parametrize("kind", FILES)
def test_a_spoilt_file_ends_in_a_value_or_a_sentence(tmp_path: Path, kind: str) -> None:
    make, read = FILES[kind]
    path, ended = tmp_path / "spoilt.fits", {"value": 0, "error": 0}
    for seed in range(N_VARIANTS):
        rng = np.random.default_rng(seed)
        hdus = make()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            spoil(hdus, rng)
            if not write(path, hdus, rng):
                continue
            try:
                read(path)
                ended["value"] += 1
            except HifredError:
                ended["error"] += 1
    assert min(ended.values()) > N_VARIANTS // 20, ended
    assert sum(ended.values()) > 0.9 * N_VARIANTS
