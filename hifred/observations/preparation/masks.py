"""Which pixels of an instrument are used, by its mask image and its list."""

import numpy as np

from hifred.errors import HifredError, SettingsError
from hifred.observations.formats.fits_images import read_sky_image
from hifred.observations.geometry.pixel_grid import PixelGrid
from hifred.observations.preparation.fields import distance_pixels
from hifred.observations.preparation.instrument_settings import InstrumentSettings

# A mask may lie so far from the counts, in pixels.
LARGEST_SHIFT = 0.1


def good_pixels(name: str, settings: InstrumentSettings, grid: PixelGrid) -> np.ndarray:
    """Return which pixels (y, x) the mask image and the bad pixels leave.

    Parameters
    ----------
    name : str
        Instrument, for errors.
    settings : InstrumentSettings
        With `mask_image` and `bad_pixels`.
    grid : PixelGrid
        Pixels of the counts.

    Raises
    ------
    HifredError
        If the mask image does not lie on the pixels, or a bad pixel outside.
    """
    good = np.ones(grid.shape, dtype=bool)
    if settings.mask_image is not None:
        good &= _mask(name, settings.mask_image, grid)
    for row, column in settings.bad_pixels:
        if not (0 <= row < grid.shape[0] and 0 <= column < grid.shape[1]):
            raise SettingsError(
                f"instruments.{name}.bad_pixels must lie on its pixels, {grid.shape}; "
                f"got [{row}, {column}], counted from 0."
            )
        good[row, column] = False
    return good


def _mask(name: str, path: str, grid: PixelGrid) -> np.ndarray:
    """Return a mask image (y, x); values that are undefined are bad."""
    image = read_sky_image(path, like=grid)
    if image.values.shape != grid.shape:
        raise HifredError(
            f"the mask image of {name} must have its pixels, {grid.shape}; got "
            f"{image.values.shape}."
        )
    shift = distance_pixels(grid, image.grid)
    if shift > LARGEST_SHIFT:
        raise HifredError(
            f"the mask image of {name} must lie on its pixels; {path} is "
            f"{shift:.3g} pixels away: at {image.grid}, and the counts at {grid}. "
            "Reproject it, or take its WCS away."
        )
    with np.errstate(invalid="ignore"):
        return np.asarray(image.values > 0)
