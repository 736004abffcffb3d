"""Exposure maps: vignetting, gaps, and the exposure time where only they tell it."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np
import scipy.ndimage

from hifred.errors import HifredError
from hifred.observations.formats.fits_images import (
    SkyImage,
    read_sky_image,
    regrid_mean,
)
from hifred.observations.formats.units import UnitError, conversion_factor
from hifred.observations.geometry.pixel_grid import PixelGrid

logger = logging.getLogger(__name__)

# Pixels that are this much above their surroundings are spikes.
SPIKE = 0.02
# Side, in pixels, of the surroundings that a pixel is compared with: single pixels,
# columns at a chip's edge and other narrow spikes do not set the level of a map.
PATCH = 5
# What rounding may leave below 0, relative to the level.
NEGLIGIBLE = 1e-6
# An exposure time in a map and one in the counts' header differ by dead time and
# vignetting, not by this factor.
LARGEST_RATIO = 10.0


@final
@dataclass(frozen=True)
class ExposureMap:
    """How much of an instrument's area and time each of its pixels got.

    Parameters
    ----------
    vignetting : (y, x) array, 0 to 1
        Relative to the level of the map's best patch; 0 where it is undefined.
    level : float
        That level, in `unit`; of several maps their sum.
    unit : str
        ``"s"``, ``"cm2 s"``, or empty.
    """

    vignetting: np.ndarray
    level: float
    unit: str

    @property
    def exposure_time(self) -> float | None:
        """The level, s, where the map is in units of time."""
        return self.level if self.unit == "s" else None


def exposure_of_files(
    paths: Sequence[str], grid: PixelGrid, band_kev: tuple[float, float]
) -> ExposureMap:
    """Return the exposure of one map, or of several event lists' maps together.

    Raises
    ------
    HifredError
        If several maps are not all in s, or all in cm2 s, so that they can be added.
    """
    maps = [exposure_of(read_sky_image(path), grid, band_kev, path) for path in paths]
    if len(maps) == 1:
        return maps[0]
    if len({one.unit for one in maps}) > 1 or maps[0].unit == "":
        told = ", ".join(
            f"{Path(path).name} in {one.unit or 'none'}"
            for path, one in zip(paths, maps, strict=True)
        )
        raise HifredError(
            "several exposure maps must all be in s, or all in cm2 s, to be added; "
            f"got {told}. Correct BUNIT, or give one map of all together."
        )
    levels = np.array([one.level for one in maps])
    shares = levels / levels.sum()
    together = sum(s * one.vignetting for s, one in zip(shares, maps, strict=True))
    return ExposureMap(np.asarray(together), float(levels.sum()), maps[0].unit)


def exposure_of(
    image: SkyImage, grid: PixelGrid, band_kev: tuple[float, float], name: str
) -> ExposureMap:
    """Return the vignetting, and the time, of a map in s, in cm2 s or without a unit.

    Parameters
    ----------
    image : SkyImage
        Of several energies: the planes that touch the band are averaged, each relative
        to its own level.
    grid : PixelGrid
        Pixels wanted.
    band_kev : (float, float)
    name : str
        File, for errors.

    Raises
    ------
    HifredError
        If BUNIT is of another kind, or the map is negative or 0 everywhere.
    """
    factor, unit = _unit(image.unit, name)
    values = _defined(np.asarray(image.values, dtype=float) * factor, name)
    planes = values.reshape(-1, *values.shape[-2:])
    if image.edges is not None:
        touched = (image.edges[1:] > band_kev[0]) & (image.edges[:-1] < band_kev[1])
        planes = planes[touched] if touched.any() else planes
    levels = np.array([exposure_level(plane, name) for plane in planes])
    relative = np.mean(planes / levels[:, None, None], axis=0)
    _tell_spikes(relative, name)
    vignetting = regrid_mean(SkyImage(np.minimum(relative, 1.0), image.grid), grid)
    if vignetting.max() < NEGLIGIBLE:
        apart = 60 * image.grid.centre.icrs.separation(grid.centre.icrs).deg
        raise HifredError(
            f"{name} must have exposure on the instrument's pixels; it has none there: "
            f"it lies at {image.grid}, {apart:.3g} arcmin from the pixels at {grid}. "
            "Check its WCS and its frame (CTYPE, RADESYS, EQUINOX)."
        )
    return ExposureMap(np.clip(vignetting, 0, 1), float(levels.mean()), unit)


def _unit(text: str, name: str) -> tuple[float, str]:
    """Return the factor to s, cm2 s or 1, and which of them it is."""
    for unit in ("s", "cm2 s", ""):
        try:
            return conversion_factor(text, unit), unit
        except UnitError:
            continue
    raise HifredError(
        f"{name} must be in s, cm2 s or without a unit; got BUNIT {text!r}. Correct "
        "BUNIT."
    )


def _defined(values: np.ndarray, name: str) -> np.ndarray:
    """Return the map with 0 where it is undefined, or negative by rounding."""
    undefined = ~np.isfinite(values)
    if np.any(undefined):
        logger.info(
            "%s is undefined in %d pixels: taken as not exposed.",
            *(name, np.sum(undefined)),
        )
    values = np.where(undefined, 0.0, values)
    if values.max() <= 0 or values.min() < -NEGLIGIBLE * values.max():
        raise HifredError(
            f"{name}: an exposure map must be finite, not negative and above 0 "
            f"somewhere; got {values.min():g} to {values.max():g}."
        )
    return np.maximum(values, 0.0)


def exposure_level(plane: np.ndarray, name: str = "the map") -> float:
    """Return the largest exposure (y, x) that is not one of a spike.

    A spike is above the median of the `PATCH` x `PATCH` pixels around it.

    Raises
    ------
    HifredError
        If the image is 0 everywhere.
    """
    if plane.max() <= 0:
        raise HifredError(f"{name} must be above 0 somewhere; one plane is 0.")
    around = scipy.ndimage.median_filter(plane, PATCH, mode="constant")
    usual = plane[(plane > 0) & (plane <= (1 + SPIKE) * around)]
    return float(usual.max()) if usual.size else float(plane.max())


def _tell_spikes(relative: np.ndarray, name: str) -> None:
    spikes = relative > 1 + SPIKE
    if np.any(spikes):
        y, x = np.unravel_index(int(np.argmax(relative)), relative.shape)
        logger.warning(
            "%s has %d pixels above its level, up to %.1f %% at row %d, column %d: "
            "taken as spikes; they do not change the area elsewhere.",
            *(name, np.sum(spikes), 100 * (relative.max() - 1), y, x),
        )
