"""Whatever comes, readers of events and images end in a value or an error of ours."""

import warnings
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from hifred.errors import HifredError
from hifred.observations.events.event_list import read_events
from hifred.observations.formats.fits_images import read_sky_image
from tests.observations.events.lists import events_hdu, good_times_hdu
from tests.observations.events.test_delivered_events import columns
from tests.observations.formats.test_delivered_images import VALUES, plain

N_VARIANTS = 250
WRONG = (0, -1, 1e300, "", "text", True, -0.5)
# What astropy needs to find the data at all: a file without is no FITS file.
STRUCTURE = ("SIMPLE", "XTENSION", "BITPIX", "NAXIS", "PCOUNT", "GCOUNT", "TFIELDS",
             "TFORM", "TTYPE", "EXTEND", "END")  # fmt: skip


def event_hdus() -> list:
    found = columns(50, PATTERN=np.arange(50) % 14, FLAG=np.zeros(50, int))
    return [
        fits.PrimaryHDU(),
        events_hdu(found, EXPOSURE=9e3, MJDREF=50814.0, TIMEZERO=0.0, TIMESYS="TT"),
        good_times_hdu([(0, 4e3), (5e3, 9e3)], MJDREF=50814.0, TIMESYS="TT"),
    ]


def image_hdus() -> list:
    energies = {"CTYPE3": "ENER", "CUNIT3": "keV", "CRVAL3": 2.0, "CRPIX3": 0.5}
    return [plain(VALUES.astype(float), CDELT3=0.1, RADESYS="ICRS", **energies)]


def spoil(hdus: list, rng: np.random.Generator) -> None:
    """Drop, swap or change one to three keywords, and some of the values."""
    hdu = hdus[rng.integers(len(hdus))]
    for _ in range(rng.integers(1, 4)):
        keys = [k for k in hdu.header if k and not k.startswith(STRUCTURE)]
        if not keys:
            return
        key, other = rng.choice(keys, 2)
        action = rng.integers(3)
        if action == 0:
            del hdu.header[key]
        elif action == 1:
            hdu.header[key] = hdu.header[other]
        else:
            hdu.header[key] = WRONG[rng.integers(len(WRONG))]
    if hdu.data is not None and rng.random() < 0.5:
        _spoil_values(hdu, rng)


def _spoil_values(hdu: fits.PrimaryHDU, rng: np.random.Generator) -> None:
    data = hdu.data if hdu.is_image else hdu.data[rng.choice(hdu.data.names)]
    values = np.array([np.nan, np.inf, -np.inf, -1.0, 1e30])
    worst = values if data.dtype.kind == "f" else np.array([-1, 0, 100])
    data.flat[rng.integers(data.size, size=3)] = rng.choice(worst, 3)


@pytest.mark.slow
@pytest.mark.parametrize("block", range(4))
@pytest.mark.parametrize("kind", ["events", "image"])
def test_a_spoilt_file_ends_in_a_value_or_an_error_of_ours(
    tmp_path: Path, kind: str, block: int
) -> None:
    make, read = {
        "events": (event_hdus, read_events),
        "image": (image_hdus, read_sky_image),
    }[kind]
    outcomes = {True: 0, False: 0}
    for seed in range(block * N_VARIANTS, (block + 1) * N_VARIANTS):
        hdus = make()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            spoil(hdus, np.random.default_rng(seed))
            path = tmp_path / f"{seed}.fits"
            try:
                fits.HDUList(hdus).writeto(path, output_verify="ignore")
            except (fits.VerifyError, ValueError, TypeError, KeyError):
                continue  # no such file can be written
            try:
                read(path)
                outcomes[True] += 1
            except HifredError:
                outcomes[False] += 1
        path.unlink()
    assert min(outcomes.values()) > N_VARIANTS // 10
