"""Writers of OGIP files: redistribution matrices, areas and spectra."""

from os import PathLike
from pathlib import Path

import numpy as np
from astropy.io import fits
from scipy import sparse

from hifred.observations.formats.pha import Spectrum
from hifred.observations.formats.rmf import Arf, Rmf

FilePath = str | PathLike[str]


def write_rmf(path: FilePath, rmf: Rmf) -> None:
    """Write a redistribution matrix with compressed rows, in double precision.

    Parameters
    ----------
    path : path
        File to write; an existing one is replaced.
    rmf : Rmf
        Elements below its threshold are left out.
    """
    first = int(rmf.channel[0]) if rmf.n_channels else 0
    header = fits.Header()
    header.update(RMFVERSN="1992a", HDUCLAS1="RESPONSE", HDUCLAS2="RSP_MATRIX")
    header.update(HDUVERS="1.3.0", HDUCLAS3=rmf.kind, CHANTYPE="PI")
    header.update(DETCHANS=rmf.n_channels, LO_THRES=rmf.threshold)
    header.update(TLMIN4=first, TLMAX4=first + rmf.n_channels - 1)
    matrix = _table("MATRIX", _matrix_columns(rmf, first), header, rmf.keywords)
    write_hdus(path, matrix, _bounds(rmf))


def _bounds(rmf: Rmf) -> fits.BinTableHDU:
    header = fits.Header()
    first = int(rmf.channel[0]) if rmf.n_channels else 0
    header.update(HDUCLAS1="RESPONSE", HDUCLAS2="EBOUNDS", HDUVERS="1.2.0")
    header.update(DETCHANS=rmf.n_channels, CHANTYPE="PI")
    header.update(TLMIN1=first, TLMAX1=first + rmf.n_channels - 1)
    columns = [
        fits.Column("CHANNEL", "J", array=first + np.arange(rmf.n_channels)),
        fits.Column("E_MIN", "D", unit="keV", array=rmf.channel_low),
        fits.Column("E_MAX", "D", unit="keV", array=rmf.channel_high),
    ]
    return _table("EBOUNDS", columns, header, rmf.keywords)


def _matrix_columns(rmf: Rmf, first_channel: int) -> list[fits.Column]:
    by_energy = sparse.csc_array(rmf.matrix)
    by_energy.sort_indices()
    first, length, values = [], [], []
    for i in range(rmf.n_energies):
        part = slice(by_energy.indptr[i], by_energy.indptr[i + 1])
        kept = by_energy.data[part] > max(rmf.threshold, 0.0)
        channels = by_energy.indices[part][kept]
        values.append(by_energy.data[part][kept])
        starts = np.flatnonzero(np.diff(channels, prepend=-2) != 1)
        first.append(channels[starts] + first_channel)
        length.append(np.diff(np.append(starts, len(channels))))
    groups = [len(row) for row in first]
    return [
        fits.Column("ENERG_LO", "D", unit="keV", array=rmf.energy_edges[:-1]),
        fits.Column("ENERG_HI", "D", unit="keV", array=rmf.energy_edges[1:]),
        fits.Column("N_GRP", "J", array=groups),
        fits.Column("F_CHAN", "PJ()", array=_ragged(first, np.int32)),
        fits.Column("N_CHAN", "PJ()", array=_ragged(length, np.int32)),
        fits.Column("MATRIX", "PD()", array=_ragged(values, np.float64)),
    ]


def _ragged(rows: list[np.ndarray], dtype: type) -> np.ndarray:
    out = np.empty(len(rows), dtype=object)
    out[:] = [np.asarray(row, dtype=dtype) for row in rows]
    return out


def write_arf(path: FilePath, arf: Arf) -> None:
    """Write an effective area in double precision; an existing file is replaced."""
    header = fits.Header()
    header.update(HDUCLAS1="RESPONSE", HDUCLAS2="SPECRESP", HDUVERS="1.1.0")
    columns = [
        fits.Column("ENERG_LO", "D", unit="keV", array=arf.energy_edges[:-1]),
        fits.Column("ENERG_HI", "D", unit="keV", array=arf.energy_edges[1:]),
        fits.Column("SPECRESP", "D", unit="cm**2", array=arf.effective_area),
    ]
    write_hdus(path, _table("SPECRESP", columns, header, arf.keywords))


def write_pha(
    path: FilePath, spectrum: Spectrum, *, response: Rmf | None = None
) -> None:
    """Write a type I spectrum in counts; an existing file is replaced.

    Parameters
    ----------
    path : path
        File to write.
    spectrum : Spectrum
    response : Rmf, optional
        Its channels are written as EBOUNDS beside the spectrum, for readers such as
        gammapy that plot before they load the response.
    """
    columns = [
        fits.Column("CHANNEL", "J", array=spectrum.channel),
        fits.Column("COUNTS", "D", unit="count", array=spectrum.counts),
    ]
    if spectrum.error is not None:
        columns.append(fits.Column("STAT_ERR", "D", unit="count", array=spectrum.error))
    for name, values in (
        ("QUALITY", spectrum.quality),
        ("GROUPING", spectrum.grouping),
    ):
        if values is not None:
            columns.append(fits.Column(name, "I", array=values))
    header = fits.Header()
    for name, scale in (
        ("AREASCAL", spectrum.area_scale),
        ("BACKSCAL", spectrum.background_scale),
    ):
        if np.ndim(scale):
            columns.append(fits.Column(name, "D", array=scale))
        else:
            header[name] = float(scale)
    header.update(_spectrum_keywords(spectrum))
    table = _table("SPECTRUM", columns, header, spectrum.keywords)
    write_hdus(path, table, *([] if response is None else [_bounds(response)]))


def _spectrum_keywords(spectrum: Spectrum) -> dict[str, object]:
    first = int(spectrum.channel[0])
    keywords: dict[str, object] = {
        "HDUCLAS1": "SPECTRUM",
        "HDUCLAS2": "TOTAL",
        "HDUCLAS3": "COUNT",
        "HDUVERS": "1.2.1",
        "EXPOSURE": spectrum.exposure_time,
        "CORRSCAL": 1.0,
        "POISSERR": spectrum.is_poisson,
        "SYS_ERR": 0,
        "CHANTYPE": "PI",
        "DETCHANS": len(spectrum.channel),
        "TLMIN1": first,
        "TLMAX1": first + len(spectrum.channel) - 1,
        "CORRFILE": "none",
    }
    for name in ("RESPFILE", "ANCRFILE"):
        keywords[name] = spectrum.files.get(name, "none")
    if "BACKFILE" in spectrum.files:  # gammapy would look for a file called none
        keywords["BACKFILE"] = spectrum.files["BACKFILE"]
    for name, values in (
        ("QUALITY", spectrum.quality),
        ("GROUPING", spectrum.grouping),
    ):
        if values is None:
            keywords[name] = 0
    return keywords


def _table(
    name: str,
    columns: list[fits.Column],
    header: fits.Header,
    keywords: object,
) -> fits.BinTableHDU:
    hdu = fits.BinTableHDU.from_columns(columns, name=name)
    # OGIP requires these two, whatever is known.
    hdu.header.update(HDUCLASS="OGIP", TELESCOP="HIFRED", INSTRUME="HIFRED")
    hdu.header.update(FILTER="NONE", ORIGIN="hifred")
    hdu.header.update(header)
    hdu.header.update(keywords)
    return hdu


def write_hdus(path: FilePath, *hdus: fits.BinTableHDU) -> None:
    """Write tables after an empty primary, with checksums, replacing a file whole."""
    replace_file(path, fits.HDUList([fits.PrimaryHDU(), *hdus]))


def replace_file(path: FilePath, hdus: fits.HDUList) -> None:
    """Write a FITS file with checksums beside its place, then move it there."""
    path = Path(path)
    part = path.with_name(path.name + ".part")
    hdus.writeto(part, overwrite=True, checksum=True, output_verify="exception")
    part.replace(path)
