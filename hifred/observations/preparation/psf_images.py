"""PSF images: their pixel size, undefined pixels, and the way to sky pixels."""

import logging
from os import PathLike

import numpy as np
import scipy.ndimage
from astropy import units
from astropy.io import fits

from hifred.errors import HifredError
from hifred.observations.formats.extension_names import extension_name
from hifred.observations.formats.fits_files import (
    FitsFormatError,
    named_extension,
    open_fits,
)
from hifred.observations.formats.fits_tables import number_keyword
from hifred.observations.formats.image_files import stored_values
from hifred.observations.formats.units import UnitError, conversion_factor
from hifred.observations.geometry.celestial import celestial_wcs
from hifred.observations.geometry.overlap import overlap_matrix
from hifred.observations.geometry.pixel_grid import PixelGrid, tangent_grid

logger = logging.getLogger(__name__)

# Without CUNIT1 a step is in degrees (FITS); one above this is in something else.
LARGEST_STEP_DEG = 0.05
# Undefined or negative pixels matter where the PSF is brighter than this, of its peak.
FAINT = 1e-3
# Values that rounding, or the subtraction of a background, left below 0.
NEGLIGIBLE = 1e-6
# Sides (sky pixels) of a PSF that anybody means; a larger one is a wrong unit.
LARGEST_SIDE = 801


def unit_sum(psf: np.ndarray) -> np.ndarray:
    """Return a PSF divided by its sum.

    Raises
    ------
    HifredError
        If it is negative or not finite somewhere, or zero.
    """
    if not np.all(np.isfinite(psf)) or psf.min() < 0 or psf.sum() <= 0:
        raise HifredError(
            "a psf must be finite, not negative and above 0 somewhere; got "
            f"{psf.min():g} to {psf.max():g}."
        )
    return np.asarray(psf / psf.sum())


def odd_side(radius_arcsec: float, pixel_size_arcsec: float) -> int:
    """Return how many sky pixels a PSF of a radius covers along a side; odd.

    Raises
    ------
    HifredError
        If there are more than `LARGEST_SIDE`.
    """
    half = max(np.ceil(radius_arcsec / pixel_size_arcsec), 1)
    if 2 * half + 1 > LARGEST_SIDE:
        raise HifredError(
            f"a psf must cover at most {LARGEST_SIDE} sky pixels along a side; got "
            f"{2 * half + 1:.4g}, for a radius of {radius_arcsec:.4g} arcsec and sky "
            f"pixels of {pixel_size_arcsec:g} arcsec. Check its unit of angle, or give "
            "radius_arcsec."
        )
    return 2 * int(half) + 1


def image_psf(
    path: str | PathLike[str],
    pixel_size_arcsec: float,
    radius_arcsec: float | None = None,
    sky: PixelGrid | None = None,
) -> np.ndarray:
    """Return a PSF image on sky pixels, its centroid moved to the middle pixel.

    Parameters
    ----------
    path : path
        FITS image, or ``file[NAME]``; its pixel size is taken from its WCS.
    pixel_size_arcsec : float
        Side of a sky pixel.
    radius_arcsec : float, optional
        Half the side that is kept; by default all of the image.
    sky : PixelGrid, optional
        To whose directions an image with a celestial WCS is turned.

    Notes
    -----
    Rows and columns of an image without a celestial WCS, or without a `sky`, are
    those of the sky's pixels.
    """
    values, pixels = read_psf_image(path)
    steps = pixels.steps if isinstance(pixels, PixelGrid) else pixels
    if sky is not None and isinstance(pixels, PixelGrid):
        steps = turn(pixels, sky) @ steps
        steps = pixel_size_arcsec * np.linalg.solve(sky.steps, steps)
    else:
        steps = np.diag(np.hypot(*steps))
    return regrid_psf(values, steps, pixel_size_arcsec, radius_arcsec=radius_arcsec)


def turn(pixels: PixelGrid, sky: PixelGrid) -> np.ndarray:
    """Return the rotation (2, 2) of east and north from one frame to that of a sky."""
    here = sky.centre.transform_to(pixels.centre.frame)
    north = here.directional_offset_by(0 * units.deg, 1 * units.arcmin)
    angle = sky.centre.position_angle(north.transform_to(sky.centre.frame)).rad
    sine, cosine = np.sin(angle), np.cos(angle)
    return np.array([[cosine, sine], [-sine, cosine]])


def read_psf_image(
    path: str | PathLike[str],
) -> tuple[np.ndarray, PixelGrid | np.ndarray]:
    """Read a PSF image (y, x); without a celestial WCS, CDELT and CUNIT are its pixels.

    Returns
    -------
    values : (y, x) array
    pixels : PixelGrid or (2, 2) array, arcsec
        Its place, or what a pixel in x, and in y, is along its columns and rows.

    Raises
    ------
    HifredError
        If the file holds no 2-D image, does not tell its pixel size, or is undefined
        or negative where the PSF is not faint.
    """
    name = extension_name(path)
    with open_fits(name.path) as hdus:
        hdu = _image_hdu(hdus, name.path.name, name.extension)
        header = hdu.header.copy()
        place = f"{name.path.name}[{header.get('EXTNAME', 'PRIMARY')}]"
        values = np.squeeze(stored_values(hdu, place)).astype(float)
    values = _defined(values, place)
    wcs = celestial_wcs(header, place) if _tells_place(header) else None
    if wcs is not None:
        return values, PixelGrid(wcs, (values.shape[0], values.shape[1]))
    sizes = [_pixel_size(header, place, axis) for axis in (1, 2)]
    return values, np.diag(sizes)


def _tells_place(header: fits.Header) -> bool:
    """Return whether an image has a place on the sky, and not the name of one alone."""
    return all(key in header for key in ("CRVAL1", "CRVAL2", "CRPIX1", "CRPIX2"))


def _image_hdu(
    hdus: fits.HDUList, name: str, extension: str | int | None
) -> fits.PrimaryHDU:
    meant = hdus if extension is None else [named_extension(hdus, extension, name)]
    for hdu in meant:
        if not hdu.is_image or not hdu.header.get("NAXIS") or not np.prod(hdu.shape):
            continue
        if sum(n > 1 for n in hdu.shape) == 2:
            return hdu
        raise FitsFormatError(
            f"{name}[{hdu.name or 'PRIMARY'}] must be an image of one PSF; it has "
            f"shape {hdu.shape}. Write one image per energy, and give a list of "
            "psfs with energy_kev."
        )
    raise FitsFormatError(f"{name} must hold an image of a PSF; it holds none.")


def _pixel_size(header: fits.Header, place: str, axis: int) -> float:
    """Return the side of a pixel along an axis, by default that along the first."""
    if f"CDELT{axis}" not in header:
        axis = 1
    step = number_keyword(header, f"CDELT{axis}", place, 0.0)
    unit = str(header.get(f"CUNIT{axis}", header.get("CUNIT1", ""))).strip()
    try:
        size = abs(step) * conversion_factor(unit or "deg", "arcsec")
    except UnitError:
        size = 0.0
    if size == 0 or (not unit and abs(step) > LARGEST_STEP_DEG):
        raise HifredError(
            f"{place} must tell its pixel size: a WCS, or CDELT{axis} with "
            f"CUNIT{axis} in deg, arcmin or arcsec; got CDELT{axis} "
            f"{header.get(f'CDELT{axis}')} and CUNIT{axis} {unit or 'none'!r}."
        )
    return size


def _defined(values: np.ndarray, place: str) -> np.ndarray:
    """Return a PSF with 0 where it is undefined or negative, if that is far out."""
    finite = np.where(np.isfinite(values), values, 0.0)
    peak = float(finite.max(initial=0.0))
    wrong = ~np.isfinite(values) | (values < 0)
    around = scipy.ndimage.maximum_filter(finite, 3, mode="constant")
    if np.any(around[wrong] > FAINT * peak) or finite.min() < -NEGLIGIBLE * peak:
        y, x = np.argwhere(wrong)[np.argmax(around[wrong])]
        raise HifredError(
            f"{place}: a psf must be finite and not negative; row {y}, column {x} is "
            f"{values[y, x]:g}."
        )
    if np.any(~np.isfinite(values)):
        logger.warning(
            "%s is undefined in %d pixels of its wings: taken as 0.",
            *(place, np.sum(~np.isfinite(values))),
        )
    return np.maximum(finite, 0.0)


def regrid_psf(
    psf: np.ndarray,
    steps: np.ndarray | float,
    to_arcsec: float,
    *,
    radius_arcsec: float | None = None,
) -> np.ndarray:
    """Return a PSF on pixels of another size, centroid in the middle, unit sum.

    Parameters
    ----------
    psf : (y, x) array
    steps : float or (2, 2) array, arcsec
        Side of its pixels; or what one in x, and one in y (columns), is along the
        columns and rows of the sky.
    to_arcsec : float
        Side of a sky pixel.
    radius_arcsec : float, optional
        Half the side that is kept.
    """
    psf = unit_sum(np.asarray(psf, dtype=float))
    steps = np.asarray(steps) * np.eye(2) if np.ndim(steps) == 0 else np.asarray(steps)
    ny, nx = psf.shape
    y = float(psf.sum(axis=1) @ np.arange(ny))
    x = float(psf.sum(axis=0) @ np.arange(nx))
    corners = np.array([(i, j) for i in (-x, nx - 1 - x) for j in (-y, ny - 1 - y)])
    reach = radius_arcsec or float(np.max(np.abs(corners @ steps.T)))
    side = odd_side(reach, to_arcsec)
    wanted = tangent_grid(0, 0, pixel_size_arcsec=to_arcsec, shape=(side, side))
    given = tangent_grid(0, 0, pixel_size_arcsec=1.0, shape=(ny, nx))
    given.wcs.wcs.crpix = [x + 1, y + 1]
    given.wcs.wcs.pc = steps
    regridded = overlap_matrix(wanted, given) @ psf.ravel()
    return unit_sum(regridded.reshape(side, side))
