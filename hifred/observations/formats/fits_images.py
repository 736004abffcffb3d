"""FITS images and cubes: counts, exposure maps with vignetting, backgrounds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from typing import final

import numpy as np
from astropy.io import fits
from scipy import sparse

from hifred.errors import HifredError
from hifred.observations.formats.energy_axis import plane_edges, with_whole_matrix
from hifred.observations.formats.extension_names import extension_name
from hifred.observations.formats.fits_files import open_fits
from hifred.observations.formats.image_files import (
    chosen_image,
    plain_axes,
)
from hifred.observations.formats.units import UnitError, conversion_factor
from hifred.observations.geometry.overlap import overlap_matrix
from hifred.observations.geometry.pixel_grid import PixelGrid, grid_from_header


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
    path: str | PathLike[str],
    extension: str | int | None = None,
    *,
    grid: PixelGrid | None = None,
    like: PixelGrid | None = None,
    prefer_cube: bool = False,
) -> SkyImage:
    """Read an image or a cube; a cube's energies from its bands table or its WCS.

    Parameters
    ----------
    path : path
        FITS file, or ``file[NAME]`` with the name or number of an extension.
    extension : str or int, optional
        Name or number of the image extension; by default the first with data.
    grid : PixelGrid, optional
        Pixels of the image, whatever its WCS says.
    like : PixelGrid, optional
        Pixels of an image of the same shape that has no WCS.
    prefer_cube : bool
        Whether the first cube with data is meant, not the first image.

    Raises
    ------
    FitsFormatError
        If there is no such image, it is not 2-D or 3-D, or its planes have no
        energies. The error names file and extension.
    """
    name = extension_name(path, extension)
    with open_fits(name.path) as hdus:
        hdu = chosen_image(
            hdus, name.extension, name.path.name, prefer_cube=prefer_cube
        )
        place = f"{name.path.name}[{hdu.name or 'PRIMARY'}]"
        values, axis = plain_axes(hdu, place)
        edges = None
        if axis is not None:
            edges = plane_edges(hdus, hdu.header, axis, name.path, place)
        unit = str(hdu.header.get("BUNIT", "")).strip()
        if grid is None and "CTYPE1" not in hdu.header:
            grid = (
                like if like is not None and like.shape == values.shape[-2:] else None
            )
        own = _pixels(hdu.header, place, values.shape[-2:], grid)
        return SkyImage(values, own, unit, edges, dict(hdu.header))


def _pixels(
    header: fits.Header, place: str, shape: tuple[int, ...], grid: PixelGrid | None
) -> PixelGrid:
    if grid is None:
        return grid_from_header(with_whole_matrix(header), place)
    if grid.shape != shape:
        raise HifredError(
            f"{place} must have the rows and columns of its grid, {grid.shape}; it has "
            f"{shape}."
        )
    return grid


def check_counts_unit(image: SkyImage, what: str, advice: str) -> None:
    """Raise `HifredError` unless the unit of an image is that of counts.

    Parameters
    ----------
    image : SkyImage
    what : str
        Which image it is, and what it must be.
    advice : str
        What to do where it is none.
    """
    try:
        conversion_factor(image.unit, "count")
    except UnitError as error:
        raise HifredError(f"{what}; got BUNIT {image.unit!r}. {advice}") from error


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
            "it a rate, background-subtracted, or packed with loss?"
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
