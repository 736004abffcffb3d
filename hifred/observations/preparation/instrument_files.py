"""All files of one instrument, read and put on one grid of pixels and channels."""

import logging
from dataclasses import dataclass, replace
from typing import final

import numpy as np

from hifred.errors import HifredError, SettingsError
from hifred.observations.events.binning import bin_detector_pixels, bin_events
from hifred.observations.events.event_list import read_events
from hifred.observations.formats.energy_grids import nearest_edges
from hifred.observations.formats.fits_images import (
    SkyImage,
    counts_of,
    read_sky_image,
)
from hifred.observations.geometry.pixel_grid import (
    PixelGrid,
    resolve_array,
    tangent_grid,
)
from hifred.observations.preparation.background import Exposed, read_background
from hifred.observations.preparation.exposure_maps import (
    LARGEST_RATIO,
    ExposureMap,
    exposure_of,
)
from hifred.observations.preparation.settings import (
    GridSettings,
    InstrumentSettings,
)
from hifred.observations.preparation.spectral_response import (
    SpectralResponse,
    read_spectral_response,
)

logger = logging.getLogger(__name__)


@final
@dataclass(frozen=True)
class InstrumentFiles:
    """What the files of one instrument say, on its own channels and pixels.

    Parameters
    ----------
    counts : (channel, y, x) int array, count
    channel_edges : (channel + 1,) array, keV
    grid : PixelGrid
    exposure_time : float, s
    response : SpectralResponse
        On these channels, at its files' own true energies.
    vignetting : (y, x) array, 0 to 1, optional
        On the instrument's pixels.
    background : (channel, y, x) array, count, optional
    good_pixels : (y, x) bool array
    good_channels : (channel,) bool array
        False where the background is not known.
    """

    counts: np.ndarray
    channel_edges: np.ndarray
    grid: PixelGrid
    exposure_time: float
    response: SpectralResponse
    vignetting: np.ndarray | None
    background: np.ndarray | None
    good_pixels: np.ndarray
    good_channels: np.ndarray

    def onto_channels(self, edges: np.ndarray) -> "InstrumentFiles":
        """Return the same with channels summed into wider ones with these edges."""
        if np.array_equal(edges, self.channel_edges):
            return self
        starts = nearest_edges(self.channel_edges, edges)
        inside = slice(starts[0], starts[-1])

        def summed(cube: np.ndarray) -> np.ndarray:
            return np.asarray(np.add.reduceat(cube[inside], starts[:-1] - starts[0]))

        return replace(
            self,
            counts=summed(self.counts),
            channel_edges=edges,
            response=self.response.onto_channels(edges),
            background=None if self.background is None else summed(self.background),
            good_channels=summed(~self.good_channels) == 0,
        )


def pixel_grid(settings: GridSettings) -> PixelGrid:
    """Return the pixels that the settings describe; the Resolve array by default."""
    if settings.shape is None and settings.pixel_size_arcsec is None:
        return resolve_array(
            settings.ra_deg, settings.dec_deg, roll_deg=settings.roll_deg
        )
    if settings.shape is None or settings.pixel_size_arcsec is None:
        raise SettingsError(
            "a grid must have both shape and pixel_size_arcsec, or neither for the "
            "Resolve array; got one."
        )
    return tangent_grid(
        settings.ra_deg,
        settings.dec_deg,
        pixel_size_arcsec=settings.pixel_size_arcsec,
        shape=settings.shape,
        roll_deg=settings.roll_deg,
    )


def read_instrument(
    name: str, settings: InstrumentSettings, band_kev: tuple[float, float]
) -> InstrumentFiles:
    """Read all files of one instrument for the channels in a band.

    Parameters
    ----------
    name : str
        Instrument, for errors.
    settings : InstrumentSettings
    band_kev : (float, float)
        Channels whose centres lie in it.
    """
    response = read_spectral_response(name, settings, band_kev)
    if settings.events is not None:
        counts, edges, grid, recorded = _binned(settings, response, band_kev)
    else:
        counts, edges, grid, recorded = _cube(name, settings, band_kev)
    response = response.onto_channels(edges)
    exposure = None
    if settings.exposure_map is not None:
        image = read_sky_image(settings.exposure_map)
        exposure = exposure_of(image, grid, band_kev, settings.exposure_map)
    vignetting = None if exposure is None else exposure.vignetting
    time = _exposure_time(name, settings, recorded, exposure)
    pixels = np.ones(grid.shape, bool) if vignetting is None else vignetting > 0
    background = read_background(
        name, settings, edges, response.detector, Exposed(grid, time, pixels)
    )
    known = np.ones(len(edges) - 1, dtype=bool)
    return InstrumentFiles(
        counts=counts,
        channel_edges=edges,
        grid=grid,
        exposure_time=time,
        response=response,
        vignetting=vignetting,
        background=None if background is None else background.counts,
        good_pixels=_good_pixels(name, settings, grid, vignetting),
        good_channels=known if background is None else background.known_channels,
    )


def _exposure_time(
    name: str,
    settings: InstrumentSettings,
    recorded: float | None,
    exposure: ExposureMap | None,
) -> float:
    mapped = None if exposure is None else exposure.exposure_time
    if (
        recorded
        and mapped
        and not 1 / LARGEST_RATIO < mapped / recorded < LARGEST_RATIO
    ):
        logger.warning(
            "the exposure map of %s says %g s where its counts say %g s: is it in "
            "another unit than its BUNIT? Only its shape is used.",
            *(name, mapped, recorded),
        )
    time = settings.exposure_time_s or recorded or mapped
    if not time:
        raise SettingsError(
            f"instruments.{name} must have exposure_time_s; its files do not tell it"
            f"{'' if exposure is None else ', and its exposure map is not in s'}."
        )
    return time


def _binned(
    settings: InstrumentSettings, response: SpectralResponse, band: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray, PixelGrid, float | None]:
    if not response.parts or settings.grid is None or settings.events is None:
        raise SettingsError("events must have an rmf, whose channels they are put in.")
    edges = response.channel_edges(band, settings.channel_group)
    grid = pixel_grid(settings.grid)
    events = read_events(
        settings.events,
        filters=settings.filters,
        coordinates=settings.coordinates,
        energy_column=settings.energy_column,
    )
    if events.sky is None:
        counts = bin_detector_pixels(events, edges, first=1, shape=grid.shape)
    else:
        counts = bin_events(events, grid, edges)
    return counts, edges, grid, events.exposure_time


def _cube(
    name: str, settings: InstrumentSettings, band: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray, PixelGrid, float | None]:
    image = read_sky_image(str(settings.counts))
    if image.edges is None:
        raise HifredError(
            f"the counts of {name} must be a cube with energies; {settings.counts} is "
            "an image."
        )
    centre = 0.5 * (image.edges[1:] + image.edges[:-1])
    inside = np.flatnonzero((centre >= band[0]) & (centre < band[1]))
    if inside.size == 0:
        raise HifredError(
            f"the counts of {name} must reach the band {band[0]:g} to {band[1]:g} keV; "
            f"they cover {image.edges[0]:g} to {image.edges[-1]:g} keV."
        )
    planes = replace(image, values=image.values[inside])
    edges = image.edges[inside[0] : inside[-1] + 2]
    grid = image.grid if settings.grid is None else pixel_grid(settings.grid)
    if grid.shape != image.values.shape[1:]:
        raise HifredError(
            f"the grid of {name} must have the pixels of its counts, "
            f"{image.values.shape[1:]}; got {grid.shape}."
        )
    exposure = image.header.get("EXPOSURE")
    recorded = float(exposure) if isinstance(exposure, int | float) else None
    return counts_of(planes, f"the counts of {name}"), edges, grid, recorded


def _good_pixels(
    name: str,
    settings: InstrumentSettings,
    grid: PixelGrid,
    vignetting: np.ndarray | None,
) -> np.ndarray:
    good = np.ones(grid.shape, dtype=bool)
    if vignetting is not None:
        good &= vignetting >= settings.smallest_exposure
    if settings.mask_image is not None:
        image: SkyImage = read_sky_image(settings.mask_image)
        if image.values.shape != grid.shape:
            raise HifredError(
                f"the mask image of {name} must have its pixels, {grid.shape}; got "
                f"{image.values.shape}."
            )
        good &= image.values > 0
    for row, column in settings.bad_pixels:
        if not (0 <= row < grid.shape[0] and 0 <= column < grid.shape[1]):
            raise SettingsError(
                f"instruments.{name}.bad_pixels must lie on its pixels, {grid.shape}; "
                f"got [{row}, {column}], counted from 0."
            )
        good[row, column] = False
    return good
