"""Small OGIP files of every allowed layout, and ways to spoil them."""

from pathlib import Path

import numpy as np
from astropy.io import fits

# Three energies, five channels; the middle row has two groups of channels.
MATRIX = np.array(
    [
        [0.50, 0.25, 0.00, 0.00, 0.00],
        [0.10, 0.00, 0.00, 0.60, 0.20],
        [0.00, 0.00, 0.30, 0.40, 0.30],
    ]
)
FIRST = [[0], [0, 3], [2]]
LENGTH = [[2], [1, 2], [3]]
VALUES = [[0.50, 0.25], [0.10, 0.60, 0.20], [0.30, 0.40, 0.30]]
ENERGY_EDGES = np.array([0.5, 1.0, 2.0, 4.0])
CHANNEL_EDGES = np.array([0.3, 0.9, 1.1, 2.0, 2.5, 5.0])
LAYOUTS = ("variable", "fixed", "scalar")


def _ragged(rows: list[list[float]], dtype: str) -> np.ndarray:
    out = np.empty(len(rows), dtype=object)
    out[:] = [np.array(row, dtype=dtype) for row in rows]
    return out


def _padded(rows: list[list[float]], dtype: str) -> np.ndarray:
    width = max(len(row) for row in rows)
    return np.array([row + [0] * (width - len(row)) for row in rows], dtype=dtype)


def _column(name: str, rows: list[list[float]], layout: str, code: str) -> fits.Column:
    dtype = {"J": ">i4", "I": ">i2", "E": ">f4"}[code]
    if layout == "variable":
        return fits.Column(name, f"P{code}()", array=_ragged(rows, dtype))
    padded = _padded(rows, dtype)
    if padded.shape[1] == 1:
        return fits.Column(name, code, array=padded[:, 0])
    return fits.Column(name, f"{padded.shape[1]}{code}", array=padded)


def matrix_hdu(layout: str = "variable", first_channel: int = 1) -> fits.BinTableHDU:
    first, length, values = FIRST, LENGTH, VALUES
    if layout == "scalar":  # one group per row, zeros stored
        first, length = [[0]] * 3, [[5]] * 3
        values = MATRIX.tolist()
    shifted = [[f + first_channel for f in row] for row in first]
    columns = [
        fits.Column("ENERG_LO", "E", unit="keV", array=ENERGY_EDGES[:-1]),
        fits.Column("ENERG_HI", "E", unit="keV", array=ENERGY_EDGES[1:]),
        fits.Column("N_GRP", "I", array=[len(row) for row in first]),
        _column("F_CHAN", shifted, layout, "J"),
        _column("N_CHAN", length, layout, "I"),
        _column("MATRIX", values, layout, "E"),
    ]
    hdu = fits.BinTableHDU.from_columns(columns, name="MATRIX")
    hdu.header.update(TELESCOP="TOY", INSTRUME="TOY", DETCHANS=5, LO_THRES=1e-6)
    hdu.header.update(HDUCLASS="OGIP", HDUCLAS1="RESPONSE", HDUCLAS2="RSP_MATRIX")
    hdu.header.update(TLMIN4=first_channel, TLMAX4=first_channel + 4)
    return hdu


def ebounds_hdu(first_channel: int = 1, unit: str = "keV") -> fits.BinTableHDU:
    factor = {"keV": 1.0, "eV": 1e3}[unit]
    columns = [
        fits.Column("CHANNEL", "J", array=np.arange(5) + first_channel),
        fits.Column("E_MIN", "E", unit=unit, array=CHANNEL_EDGES[:-1] * factor),
        fits.Column("E_MAX", "E", unit=unit, array=CHANNEL_EDGES[1:] * factor),
    ]
    return fits.BinTableHDU.from_columns(columns, name="EBOUNDS")


def write(path: Path, *hdus: fits.BinTableHDU) -> Path:
    fits.HDUList([fits.PrimaryHDU(), *hdus]).writeto(path, overwrite=True)
    return path


def arf_hdu(unit: str = "cm**2") -> fits.BinTableHDU:
    columns = [
        fits.Column("ENERG_LO", "E", unit="keV", array=ENERGY_EDGES[:-1]),
        fits.Column("ENERG_HI", "E", unit="keV", array=ENERGY_EDGES[1:]),
        fits.Column("SPECRESP", "E", unit=unit, array=[10.0, 30.0, 20.0]),
    ]
    return fits.BinTableHDU.from_columns(columns, name="SPECRESP")


def without_column(hdu: fits.BinTableHDU, name: str) -> fits.BinTableHDU:
    kept = [c for c in hdu.columns if c.name != name]
    spoilt = fits.BinTableHDU.from_columns(fits.ColDefs(kept), name=hdu.name)
    for key in ("TELESCOP", "INSTRUME", "HDUCLAS1", "HDUCLAS2"):
        if key in hdu.header:
            spoilt.header[key] = hdu.header[key]
    return spoilt
