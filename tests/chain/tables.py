"""FITS files of the simulated instruments, written with astropy alone."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from astropy.io import fits
from scipy.special import erf

from tests.chain.photons import CENTRE, Telescope

MIDDLE = 20000.0


def sky_pixels(
    east: np.ndarray, north: np.ndarray, step: float
) -> dict[str, np.ndarray]:
    """The columns X and Y of offsets from the centre of the field."""
    return {
        "X": np.rint(MIDDLE - east / step).astype(np.int32),
        "Y": np.rint(MIDDLE + north / step).astype(np.int32),
    }


def write_table(
    path: Path, name: str, columns: Mapping[str, np.ndarray], **keywords: object
) -> None:
    """Append one table to a file, or begin it."""
    units = {"TIME": "s", "START": "s", "STOP": "s"}
    made = [
        fits.Column(key, "D" if values.dtype.kind == "f" else "J",
                    unit=units.get(key), array=values)
        for key, values in columns.items()
    ]  # fmt: skip
    hdu = fits.BinTableHDU.from_columns(made, name=name)
    hdu.header.update(keywords)
    if path.exists():
        fits.append(path, hdu.data, hdu.header)
    else:
        hdu.writeto(path)


def with_columns(
    source: Path,
    path: Path,
    columns: Mapping[str, np.ndarray],
    keywords: Mapping[str, object],
) -> None:
    """Write an event file anew with other rows; its keywords and good times stay.

    The columns keep their numbers, which the keywords of the position name.
    """
    with fits.open(source) as hdus:
        old = hdus["EVENTS"].header
        made = [
            fits.Column(key, "D" if values.dtype.kind == "f" else "J",
                        unit=_unit_of(old, key), array=values)
            for key, values in columns.items()
        ]  # fmt: skip
        table = fits.BinTableHDU.from_columns(made, name="EVENTS")
        kept = {key: old[key] for key in old if key not in table.header}
        table.header.update({k: v for k, v in kept.items() if not k.startswith(FORM)})
        table.header.update(keywords)
        fits.HDUList([hdus[0], table, hdus["STDGTI"]]).writeto(path)


# Keywords that describe the columns of a table as they are stored.
FORM = ("TTYPE", "TFORM", "TUNIT", "TLMIN", "TLMAX", "COMMENT")


def _unit_of(header: fits.Header, column: str) -> str | None:
    at = {header[f"TTYPE{i}"]: i for i in range(1, header["TFIELDS"] + 1)}
    return header.get(f"TUNIT{at[column]}") if column in at else None


def write_good_times(path: Path, name: str, time_s: float) -> None:
    """Append the good times of an observation without a break."""
    columns = {"START": np.array([0.0]), "STOP": np.array([time_s])}
    write_table(path, name, columns, HDUCLASS="OGIP", HDUCLAS1="GTI")


def write_image(
    path: Path, values: np.ndarray, pixel_arcsec: float, **keys: object
) -> None:
    """Write an image centred on the field, north up."""
    hdu = fits.PrimaryHDU(values)
    for axis, kind, n, sign in ((1, "RA---TAN", values.shape[1], -1),
                                (2, "DEC--TAN", values.shape[0], 1)):  # fmt: skip
        hdu.header[f"CTYPE{axis}"], hdu.header[f"CUNIT{axis}"] = kind, "deg"
        hdu.header[f"CRVAL{axis}"] = CENTRE[axis - 1]
        hdu.header[f"CRPIX{axis}"] = (n + 1) / 2
        hdu.header[f"CDELT{axis}"] = sign * pixel_arcsec / 3600
    hdu.header.update(RADESYS="ICRS", **keys)
    hdu.writeto(path)


def write_response(
    folder: Path, name: str, telescope: Telescope, step: float, share: float = 1.0
) -> np.ndarray:
    """Write RMF and ARF of a Gaussian response; return the channels' edges."""
    channels = np.arange(5.5, 7.9 + step / 2, step)
    energies = np.arange(5.6, 7.8 + step / 4, step / 2)
    middle = 0.5 * (energies[1:] + energies[:-1])
    width = np.sqrt(2) * telescope.energy_sigma
    n_seen = int(np.ceil(12 * telescope.energy_sigma / step)) + 2
    first = np.searchsorted(channels, middle - n_seen / 2 * step) - 1
    first = np.clip(first, 0, len(channels) - 1 - n_seen)
    edges = channels[first[:, None] + np.arange(n_seen + 1)]
    rows = np.diff(0.5 * erf((edges - middle[:, None]) / width), axis=1)
    path = folder / f"{name}.rmf"
    _write_matrix(path, energies, first, rows, channels)
    area = share * telescope.area(middle)
    columns = _intervals("ENERG_LO", "ENERG_HI", energies)
    columns.append(fits.Column("SPECRESP", "D", unit="cm**2", array=area))
    hdu = fits.BinTableHDU.from_columns(columns, name="SPECRESP")
    hdu.writeto(folder / f"{name}.arf")
    return channels


def _intervals(low: str, high: str, edges: np.ndarray) -> list[fits.Column]:
    return [
        fits.Column(low, "D", unit="keV", array=edges[:-1]),
        fits.Column(high, "D", unit="keV", array=edges[1:]),
    ]


def _write_matrix(
    path: Path,
    energies: np.ndarray,
    first: np.ndarray,
    rows: np.ndarray,
    channels: np.ndarray,
) -> None:
    n = rows.shape[1]
    matrix = fits.BinTableHDU.from_columns(
        [
            *_intervals("ENERG_LO", "ENERG_HI", energies),
            fits.Column("N_GRP", "I", array=np.ones(len(rows))),
            fits.Column("F_CHAN", "J", array=first),
            fits.Column("N_CHAN", "J", array=np.full(len(rows), n)),
            fits.Column("MATRIX", f"{n}E", array=rows),
        ],
        name="MATRIX",
    )
    matrix.header.update(HDUCLAS3="REDIST", TLMIN4=0, DETCHANS=len(channels) - 1)
    number = fits.Column("CHANNEL", "J", array=np.arange(len(channels) - 1))
    ebounds = fits.BinTableHDU.from_columns(
        [number, *_intervals("E_MIN", "E_MAX", channels)], name="EBOUNDS"
    )
    fits.HDUList([fits.PrimaryHDU(), matrix, ebounds]).writeto(path)
