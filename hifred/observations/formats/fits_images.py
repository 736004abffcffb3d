"""FITS images and cubes: counts, exposure maps with vignetting, backgrounds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import final

import numpy as np
from astropy.io import fits
from scipy import sparse

from hifred.errors import HifredError
from hifred.observations.formats.energy_grids import joined_edges
from hifred.observations.formats.fits_tables import (
    FitsFormatError,
    FitsTable,
    open_fits,
    read_interval_columns,
)
from hifred.observations.formats.units import UnitError, conversion_factor
from hifred.observations.geometry.overlap import overlap_matrix
from hifred.observations.geometry.pixel_grid import PixelGrid, grid_from_header

BAND_COLUMNS = (
    ("E_MIN", "E_MAX"),
    ("ENERG_LO", "ENERG_HI"),
    ("ENERGY_TRUE_MIN", "ENERGY_TRUE_MAX"),  # gammapy's exposure maps
)


@final
@dataclass(frozen=True)
class SkyImage:
    """An image or a cube with its place on the sky.

    Parameters
    ----------
    values : (y, x) or (channel, y, x) array
        In `unit`.
    grid : PixelGrid
        Pixels.
    unit : str
        BUNIT, empty if the file has none.
    edges : (channel + 1,) array, keV, optional
        Energies of a cube's planes.
    header : mapping
        All keywords.
    """

    values: np.ndarray
    grid: PixelGrid
    unit: str = ""
    edges: np.ndarray | None = None
    header: Mapping[str, object] = field(default_factory=dict)


def read_sky_image(
    path: str | PathLike[str], extension: str | int | None = None
) -> SkyImage:
    """Read an image or a cube; a cube's energies from its bands table or its WCS.

    Parameters
    ----------
    path : path
        FITS file.
    extension : str or int, optional
        Name or number of the image extension; by default the first with data.

    Raises
    ------
    FitsFormatError
        If there is no such image, it is not 2-D or 3-D, or its planes have no
        energies. The error names file and extension.
    """
    path = Path(path)
    with open_fits(path) as hdus:
        hdu = _image_hdu(hdus, extension, path.name)
        place = f"{path.name}[{hdu.name or 'PRIMARY'}]"
        values = np.asarray(hdu.data)
        values = values.astype(values.dtype.newbyteorder("="), copy=False)
        if values.ndim not in (2, 3):
            raise FitsFormatError(
                f"{place} must be an image or a cube; it has {values.ndim} axes."
            )
        edges = _plane_edges(hdus, hdu, place, path) if values.ndim == 3 else None
        grid = grid_from_header(hdu.header, place)
        unit = str(hdu.header.get("BUNIT", "")).strip()
        return SkyImage(values, grid, unit, edges, dict(hdu.header))


def _image_hdu(
    hdus: fits.HDUList, extension: str | int | None, name: str
) -> fits.PrimaryHDU:
    if extension is not None:
        try:
            hdu = hdus[extension]
        except (KeyError, IndexError) as error:
            raise FitsFormatError(
                f"{name} must have an extension {extension!r}; it has "
                f"{', '.join(h.name or 'unnamed' for h in hdus)}."
            ) from error
        if not hdu.is_image or hdu.header.get("NAXIS", 0) == 0:
            raise FitsFormatError(f"{name}[{extension}] must be an image; it is none.")
        return hdu
    for hdu in hdus:
        if hdu.is_image and hdu.header.get("NAXIS", 0) > 0:
            return hdu
    raise FitsFormatError(
        f"{name} must hold an image; it has only "
        f"{', '.join(h.name or 'unnamed' for h in hdus)}."
    )


def _plane_edges(
    hdus: fits.HDUList, hdu: fits.PrimaryHDU, place: str, path: Path
) -> np.ndarray:
    named = str(hdu.header.get("BANDSHDU", "")).upper()
    n_planes = int(hdu.header["NAXIS3"])
    for other in hdus:
        if not isinstance(other, fits.BinTableHDU) or len(other.data) != n_planes:
            continue
        table = FitsTable(path, other.name or "table", other.data, other.header)
        for low_name, high_name in BAND_COLUMNS:
            found = table.find(low_name) and table.find(high_name)
            if found and named in ("", other.name.upper()):
                low, high = read_interval_columns(table, low_name, high_name, "keV")
                return joined_edges(low, high, f"planes of {place}")
    return _edges_from_keywords(hdu.header, n_planes, place)


def _edges_from_keywords(header: fits.Header, n: int, place: str) -> np.ndarray:
    if str(header.get("CTYPE3", "")).strip().upper() not in ("ENER", "ENERGY"):
        raise FitsFormatError(
            f"{place} must tell the energies of its {n} planes, in a table with E_MIN "
            "and E_MAX or with CTYPE3 = 'ENER'; it does neither."
        )
    unit = str(header.get("CUNIT3", "keV")).strip() or "keV"
    step = float(header.get("CDELT3", 1.0))
    start = float(header.get("CRVAL3", 0.0)) + step * (0.5 - float(header["CRPIX3"]))
    try:
        factor = conversion_factor(unit, "keV")
    except UnitError as error:
        raise FitsFormatError(f"{place} {error} Correct CUNIT3.") from error
    return (start + step * np.arange(n + 1)) * factor


def counts_of(image: SkyImage, name: str) -> np.ndarray:
    """Return the integer counts of a cube or an image.

    Raises
    ------
    HifredError
        If a value is negative, not finite or not whole.
    """
    values = np.asarray(image.values)
    whole = np.rint(values)
    wrong = ~np.isfinite(values) | (values < 0) | (np.abs(values - whole) > 1e-3)
    if np.any(wrong):
        raise HifredError(
            f"{name} must hold whole counts, 0 or more; got {values[wrong][0]:g}. Is "
            "it a rate, or background-subtracted?"
        )
    return whole.astype(np.int64)


def regrid_total(image: SkyImage, grid: PixelGrid) -> np.ndarray:
    """Return an image of totals (counts) on another grid, flux conserved."""
    return _through(overlap_matrix(grid, image.grid), image.values, grid.shape)


def regrid_mean(image: SkyImage, grid: PixelGrid) -> np.ndarray:
    """Return an image of densities (exposure) on another grid: area-weighted means.

    Pixels that the image does not cover are 0.
    """
    matrix = overlap_matrix(grid, image.grid)
    total = _through(matrix, image.values, grid.shape)
    covered = _through(matrix, np.ones(image.grid.shape), grid.shape)
    return np.divide(total, covered, out=np.zeros_like(total), where=covered > 1e-9)


def _through(
    matrix: sparse.csr_array, values: np.ndarray, shape: tuple[int, int]
) -> np.ndarray:
    planes = np.asarray(values, dtype=float).reshape(
        -1, values.shape[-2] * values.shape[-1]
    )
    out = np.asarray((matrix @ planes.T).T)
    return out.reshape(*values.shape[:-2], *shape)


def background_cube(
    spectrum: np.ndarray, weights: np.ndarray | None, shape: tuple[int, int]
) -> np.ndarray:
    """Return an expected background (channel, y, x) from a spectrum and a map.

    Parameters
    ----------
    spectrum : (channel,) array, count
        Expected counts in the whole field.
    weights : (y, x) array, optional
        Relative density; flat by default.
    shape : (int, int)
        Rows and columns.
    """
    weights = np.ones(shape) if weights is None else np.asarray(weights, dtype=float)
    if weights.shape != tuple(shape) or weights.min() < 0 or weights.sum() <= 0:
        raise HifredError(
            f"background weights must be an image of {shape}, not negative and above 0 "
            f"somewhere; got shape {weights.shape}."
        )
    return np.asarray(spectrum)[:, None, None] * (weights / weights.sum())
