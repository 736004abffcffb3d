"""A comb response as XRISM's tools write it: the real SXS core and a coarse tail."""

from pathlib import Path

import numpy as np
from astropy.io import fits

TAIL_EDGES = np.round(np.arange(0.3, 12.01, 0.1), 6)
TAIL = 0.015


def tail_columns(upper: np.ndarray) -> list[np.ndarray]:
    """An even continuum of TAIL from the first channel to each coarse energy."""
    n_channels = np.searchsorted(upper, TAIL_EDGES[1:])
    return [np.full(n, TAIL / n, np.float32) for n in n_channels]


def write_comb(path: Path, sxs: Path) -> Path:
    """Write the core of a response, and a second MATRIX with a tail."""
    with fits.open(sxs) as hdus:
        core, bounds = hdus["MATRIX"], hdus["EBOUNDS"]
        first = int(bounds.data["CHANNEL"][0])
        rows = tail_columns(bounds.data["E_MAX"].astype(float))
        entries = np.empty(len(rows), dtype=object)
        entries[:] = rows
        one = np.ones(len(rows))
        tail = fits.BinTableHDU.from_columns(
            [
                fits.Column("ENERG_LO", "D", unit="keV", array=TAIL_EDGES[:-1]),
                fits.Column("ENERG_HI", "D", unit="keV", array=TAIL_EDGES[1:]),
                fits.Column("N_GRP", "I", array=one),
                fits.Column("F_CHAN", "J", array=first * one),
                fits.Column("N_CHAN", "J", array=[len(row) for row in rows]),
                fits.Column("MATRIX", "PE()", array=entries),
            ],
            name="MATRIX",
        )
        tail.header.update(HDUCLASS="OGIP", HDUCLAS1="RESPONSE", TLMIN4=first,
                           HDUCLAS2="RSP_MATRIX", HDUCLAS3="REDIST")  # fmt: skip
        fits.HDUList([fits.PrimaryHDU(), core, tail, bounds]).writeto(path)
    return path
