"""Images and cubes of a background, on an instrument's pixels and channels."""

import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import final

import numpy as np

from hifred.errors import HifredError
from hifred.observations.formats.energy_grids import nearest_edges
from hifred.observations.formats.fits_images import (
    SkyImage,
    check_counts_unit,
    read_sky_image,
    regrid_mean,
    regrid_total,
)
from hifred.observations.formats.fits_tables import number_or_none
from hifred.observations.formats.rmf import EDGE_SLACK
from hifred.observations.geometry.pixel_grid import PixelGrid
from hifred.observations.preparation.instrument_settings import BackgroundSettings

logger = logging.getLogger(__name__)

# Less than this of a pixel, undefined or beyond the image, is rounding.
NEGLIGIBLE = 1e-3
# Exposure times that differ by less are the same.
SAME_TIME = 0.01
MULTIPLIED = "Multiply a rate by the exposure, or correct BUNIT."


@final
@dataclass(frozen=True)
class Exposed:
    """Where and how long an instrument looked.

    Parameters
    ----------
    grid : PixelGrid
    time : float, s
    pixels : (y, x) bool array
        Pixels that were exposed at all.
    """

    grid: PixelGrid
    time: float
    pixels: np.ndarray


@final
@dataclass(frozen=True)
class BackgroundImage:
    """An image or a cube on an instrument's pixels.

    Parameters
    ----------
    counts : ([channel,] y, x) array, count
        Of an image that spreads a spectrum in any unit.
    share : float
        What of the file falls on the pixels.
    known : ([channel,] y, x) bool array
        False where the file is undefined.
    """

    counts: np.ndarray
    share: float
    known: np.ndarray


def read_background_image(
    name: str,
    background: BackgroundSettings,
    channel_edges: np.ndarray,
    exposed: Exposed,
) -> BackgroundImage:
    """Return the image or cube of a background on an instrument's pixels.

    Parameters
    ----------
    name : str
        Instrument, for errors.
    background : BackgroundSettings
        With an `image`.
    channel_edges : (channel + 1,) array, keV
        Onto which the planes of a cube are summed.
    exposed : Exposed

    Raises
    ------
    HifredError
        If the file is no image of counts, is negative, lies elsewhere, or has no
        planes of these channels.
    """
    path = str(background.image)
    file, image = Path(path).name, read_sky_image(path)
    if background.spectrum is None:
        what = f"{file} must be an image of expected counts"
        check_counts_unit(image, what, MULTIPLIED)
        _tell_exposure(file, image, background, exposed)
    defined = np.isfinite(image.values)
    whole = replace(image, values=np.where(defined, image.values, 0.0))
    _check_values(file, whole, exposed.grid)
    if image.edges is not None:
        planes = _planes(name, file, image.edges, channel_edges)
        whole = replace(whole, values=_summed(whole.values, planes))
        defined = ~_summed(~defined, planes)
    lost = regrid_total(SkyImage(~defined, image.grid), exposed.grid)
    size = image.grid.pixel_size_arcsec / exposed.grid.pixel_size_arcsec
    known = lost * size**2 < NEGLIGIBLE
    if not known.all():
        logger.warning(
            "%s is undefined in %d pixels of %s: they are masked.",
            *(file, np.sum(~known.reshape(-1, *exposed.grid.shape).all(axis=0)), name),
        )
    if background.spectrum is None:
        _tell_cover(file, name, image.grid, exposed)
    counts = regrid_total(whole, exposed.grid)
    total = float(np.sum(whole.values))
    return BackgroundImage(counts, counts.sum() / total if total > 0 else 1.0, known)


def _tell_exposure(
    file: str, image: SkyImage, background: BackgroundSettings, exposed: Exposed
) -> None:
    own = number_or_none(image.header, "EXPOSURE") or exposed.time
    if background.scale == 1 and abs(own / exposed.time - 1) > SAME_TIME:
        logger.warning(
            "%s has an EXPOSURE of %g s where the counts have %g s, and is taken as "
            "it is: if its counts are of that time, give background.scale = %.4g.",
            *(file, own, exposed.time, exposed.time / own),
        )


def _check_values(file: str, image: SkyImage, grid: PixelGrid) -> None:
    if np.any(image.values < 0):
        raise HifredError(
            f"{file}: a background must not be negative; got {image.values.min():g}. "
            "Smooth it, or take what is expected instead of what is left after a "
            "subtraction."
        )
    if image.values.any() and not regrid_total(image, grid).any():
        apart = 60 * image.grid.centre.icrs.separation(grid.centre.icrs).deg
        raise HifredError(
            f"{file} must have counts on the instrument's pixels; it has none there: "
            f"it lies at {image.grid}, {apart:.3g} arcmin from the pixels at {grid}. "
            "Check its WCS and its frame (CTYPE, RADESYS, EQUINOX)."
        )


def _summed(cube: np.ndarray, planes: np.ndarray) -> np.ndarray:
    """Return sums of planes from each first one to the next; of truths, any."""
    inside = slice(planes[0], planes[-1])
    return np.asarray(np.add.reduceat(cube[inside], planes[:-1] - planes[0]))


def _planes(name: str, file: str, own: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return the first plane (channel + 1,) of each channel, and the one after all."""
    nearest = nearest_edges(own, wanted)
    width = np.diff(own)[np.minimum(nearest, len(own) - 2)]
    off = np.abs(own[nearest] - wanted) > EDGE_SLACK * width
    if np.any(off) or np.any(np.diff(nearest) < 1):
        raise HifredError(
            f"the background cube of {name} must have the channels of its counts, "
            f"{len(wanted) - 1} from {wanted[0]:g} to {wanted[-1]:g} keV; {file} has "
            f"{len(own) - 1} from {own[0]:g} to {own[-1]:g} keV."
        )
    return nearest


def _tell_cover(file: str, name: str, own: PixelGrid, exposed: Exposed) -> None:
    covered = regrid_mean(SkyImage(np.ones(own.shape), own), exposed.grid) > 0
    beyond = int(np.sum(exposed.pixels & ~covered))
    if beyond:
        logger.warning(
            "%s does not reach %d of the %d pixels of %s: no background is expected "
            "there.",
            *(file, beyond, exposed.pixels.sum(), name),
        )
