"""Energies of a cube's planes, from its table of bands or from its WCS."""

import warnings
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.utils.exceptions import AstropyWarning
from astropy.wcs import WCS

from hifred.observations.formats.energy_grids import joined_edges
from hifred.observations.formats.fits_files import FitsFormatError
from hifred.observations.formats.fits_tables import FitsTable, read_interval_columns
from hifred.observations.formats.units import UnitError, conversion_factor
from hifred.observations.geometry.celestial import check_keywords

BAND_COLUMNS = (
    ("E_MIN", "E_MAX"),
    ("ENERG_LO", "ENERG_HI"),
    ("ENERGY_TRUE_MIN", "ENERGY_TRUE_MAX"),  # gammapy's exposure maps
)
LINEAR_TYPES = ("ENER", "ENERGY")


def plane_edges(
    hdus: fits.HDUList, header: fits.Header, axis: int, path: Path, place: str
) -> np.ndarray:
    """Return the edges (plane + 1,) in keV of a cube's planes.

    Parameters
    ----------
    hdus : HDUList
        Of the cube's file, with a table of as many bands as planes, if it has one.
    header : fits.Header
        Of the cube.
    axis : int
        Number of its energy axis, from 1.
    path : Path
    place : str
        File and extension, for errors.

    Raises
    ------
    FitsFormatError
        If neither a table nor the axis tells the energies.
    """
    n_planes = int(header[f"NAXIS{axis}"])
    named = str(header.get("BANDSHDU", "")).upper()
    for hdu in hdus:
        if not isinstance(hdu, fits.BinTableHDU) or hdu.header["NAXIS2"] != n_planes:
            continue
        table = FitsTable(path, hdu.name or "table", hdu.data, hdu.header)
        for low_name, high_name in BAND_COLUMNS:
            found = table.find(low_name) and table.find(high_name)
            if found and named in ("", hdu.name.upper()):
                low, high = read_interval_columns(table, low_name, high_name, "keV")
                return joined_edges(low, high, f"planes of {place}")
    return _edges_from_wcs(header, axis, n_planes, place)


def _edges_from_wcs(
    header: fits.Header, axis: int, n_planes: int, place: str
) -> np.ndarray:
    if str(header.get(f"CTYPE{axis}", "")).strip().upper() not in LINEAR_TYPES:
        raise FitsFormatError(
            f"{place} must tell the energies of its {n_planes} planes, in a table with "
            f"E_MIN and E_MAX or with CTYPE{axis} = 'ENER'; it does neither."
        )
    check_keywords(header, place)
    factor = _unit_factor(header, axis, place)
    linear = with_whole_matrix(header)
    # A plain linear axis: wcslib would take the numbers to joules.
    linear[f"CTYPE{axis}"], linear[f"CUNIT{axis}"] = "ENERGY", ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AstropyWarning)
            wcs = WCS(linear, fix=False).sub([axis])
            (edges,) = wcs.all_pix2world(np.arange(n_planes + 1) + 0.5, 1)
    except (ValueError, TypeError, KeyError) as error:
        raise FitsFormatError(
            f"{place} must tell the energies of its planes by CRVAL{axis}, CRPIX{axis} "
            f"and CDELT{axis} (or CD{axis}_{axis}); {str(error).splitlines()[0]}"
        ) from error
    if not (np.all(np.isfinite(edges)) and np.all(np.diff(edges) > 0) and edges[0] > 0):
        raise FitsFormatError(
            f"{place} must have planes of increasing energy above 0; they run from "
            f"{edges[0]:g} to {edges[-1]:g} in steps of {edges[1] - edges[0]:g}. Check "
            f"CRVAL{axis}, CRPIX{axis}, CDELT{axis} and CD{axis}_{axis}."
        )
    return np.asarray(edges * factor)


def _unit_factor(header: fits.Header, axis: int, place: str) -> float:
    unit = str(header.get(f"CUNIT{axis}", "")).strip()
    if not unit:
        raise FitsFormatError(
            f"{place} must have the unit of its energies in CUNIT{axis}; it has none. "
            "Write, say, keV (without one, FITS means joule)."
        )
    try:
        return conversion_factor(unit, "keV")
    except UnitError as error:
        raise FitsFormatError(f"{place} {error} Correct CUNIT{axis}.") from error


def with_whole_matrix(header: fits.Header) -> fits.Header:
    """Return a header whose CDi_j hold the CDELTi of axes that have no CDi_j.

    The standard wants one or the other; writers who add an energy axis mix them.
    """
    whole = header.copy()
    has_matrix = any(key.startswith("CD") and "_" in key for key in header)
    for axis in range(1, int(header.get("NAXIS", 0)) + 1):
        own = any(key.startswith(f"CD{axis}_") for key in header)
        if has_matrix and not own and f"CDELT{axis}" in header:
            whole[f"CD{axis}_{axis}"] = header[f"CDELT{axis}"]
    return whole
