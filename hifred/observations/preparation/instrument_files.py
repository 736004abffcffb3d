"""All files of one instrument, read and put on one grid of pixels and channels."""

from dataclasses import dataclass, replace
from typing import final

import numpy as np

from hifred.errors import HifredError, SettingsError
from hifred.observations.events.binning import bin_detector_pixels, bin_events
from hifred.observations.events.event_list import read_events
from hifred.observations.formats.fits_images import (
    SkyImage,
    background_cube,
    counts_of,
    read_sky_image,
    regrid_total,
    vignetting_of,
)
from hifred.observations.formats.ogip import read_arf, read_rmf
from hifred.observations.formats.pha import read_pha
from hifred.observations.formats.rmf import Arf, Rmf
from hifred.observations.geometry.pixel_grid import (
    PixelGrid,
    resolve_array,
    tangent_grid,
)
from hifred.observations.preparation.settings import (
    BackgroundSettings,
    GridSettings,
    InstrumentSettings,
)

# How far, in keV, a redistribution matrix is read beyond the channels used: photons
# of higher energies reach them by escape peaks and tails.
WIDE_BAND_KEV = 1.0


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
    rmf : Rmf, optional
        On these channels, at the file's own true energies.
    arf : Arf or float, cm2
    vignetting : (y, x) array, 0 to 1, optional
        On the instrument's pixels.
    background : (channel, y, x) array, count, optional
    good_pixels : (y, x) bool array
    """

    counts: np.ndarray
    channel_edges: np.ndarray
    grid: PixelGrid
    exposure_time: float
    rmf: Rmf | None
    arf: Arf | float
    vignetting: np.ndarray | None
    background: np.ndarray | None
    good_pixels: np.ndarray

    def onto_channels(self, edges: np.ndarray) -> "InstrumentFiles":
        """Return the same with channels summed into wider ones with these edges."""
        if np.array_equal(edges, self.channel_edges):
            return self
        starts = np.searchsorted(self.channel_edges, edges)
        inside = slice(starts[0], starts[-1])

        def summed(cube: np.ndarray) -> np.ndarray:
            return np.asarray(np.add.reduceat(cube[inside], starts[:-1] - starts[0]))

        return replace(
            self,
            counts=summed(self.counts),
            channel_edges=edges,
            rmf=None if self.rmf is None else self.rmf.onto_channels(edges),
            background=None if self.background is None else summed(self.background),
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
    rmf = _read_response(settings, band_kev)
    if settings.events is not None:
        counts, edges, grid, recorded = _binned(settings, rmf, band_kev)
    else:
        counts, edges, grid, recorded = _cube(name, settings, band_kev)
    rmf = None if rmf is None else rmf.onto_channels(edges)
    rmf, arf = _area(name, settings, rmf)
    vignetting, largest = _exposure(settings, grid)
    exposure_time = settings.exposure_time_s or recorded or largest
    if exposure_time is None:
        raise SettingsError(
            f"instruments.{name} must have exposure_time_s; its files do not tell it."
        )
    return InstrumentFiles(
        counts=counts,
        channel_edges=edges,
        grid=grid,
        exposure_time=exposure_time,
        rmf=rmf,
        arf=arf,
        vignetting=vignetting,
        background=_background(name, settings, edges, grid, exposure_time),
        good_pixels=_good_pixels(name, settings, grid, vignetting),
    )


def _read_response(
    settings: InstrumentSettings, band: tuple[float, float]
) -> Rmf | None:
    if settings.rmf is None:
        return None
    reach = (max(band[0] - WIDE_BAND_KEV, 0.0), band[1] + WIDE_BAND_KEV)
    return read_rmf(settings.rmf, energy_band=reach, channel_band=reach)


def _binned(
    settings: InstrumentSettings, rmf: Rmf | None, band: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray, PixelGrid, float | None]:
    if rmf is None or settings.grid is None or settings.events is None:
        raise SettingsError("events must have an rmf, whose channels they are put in.")
    edges = rmf.cut(*band).group(settings.channel_group).channel_edges
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


def _area(
    name: str, settings: InstrumentSettings, rmf: Rmf | None
) -> tuple[Rmf | None, Arf | float]:
    if settings.effective_area_cm2 is not None:
        return rmf, settings.effective_area_cm2
    if rmf is not None and rmf.kind == "FULL":
        raise SettingsError(
            f"instruments.{name} must not have an arf: its response holds the area "
            "already. Give effective_area_cm2 = 1."
        )
    return rmf, read_arf(str(settings.arf))


def _exposure(
    settings: InstrumentSettings, grid: PixelGrid
) -> tuple[np.ndarray | None, float | None]:
    if settings.exposure_map is None:
        return None, None
    image = read_sky_image(settings.exposure_map)
    if image.values.ndim == 3:  # of several energies: their mean
        image = replace(image, values=image.values.mean(axis=0), edges=None)
    vignetting, largest = vignetting_of(image, grid)
    is_time = "cm" not in image.unit.lower()
    return vignetting, largest if is_time else None


def _background(
    name: str,
    settings: InstrumentSettings,
    edges: np.ndarray,
    grid: PixelGrid,
    exposure_time: float,
) -> np.ndarray | None:
    background = settings.background
    if background is None:
        return None
    image = _background_image(background, grid)
    if image is not None and image.ndim == 3:
        if len(image) != len(edges) - 1:
            raise HifredError(
                f"the background cube of {name} must have the channels of its counts, "
                f"{len(edges) - 1}; it has {len(image)}."
            )
        return background.scale * image
    if background.spectrum is not None:
        spectrum = _on_channels(background.spectrum, settings, edges, exposure_time)
    elif image is not None:
        spectrum = image.sum() * np.diff(edges) / (edges[-1] - edges[0])
    else:
        raise SettingsError(
            f"the background of {name} must have a spectrum or an image; it has none."
        )
    return background_cube(background.scale * spectrum, image, grid.shape)


def _background_image(
    background: BackgroundSettings, grid: PixelGrid
) -> np.ndarray | None:
    if background.image is None:
        return None
    return regrid_total(read_sky_image(background.image), grid)


def _on_channels(
    path: str, settings: InstrumentSettings, edges: np.ndarray, exposure_time: float
) -> np.ndarray:
    """Return the counts (channel,) of a PHA file, scaled to an exposure time."""
    if settings.rmf is None:
        raise SettingsError("a background spectrum must come with the rmf it is in.")
    spectrum = read_pha(path)
    response = read_rmf(settings.rmf, energy_band=(edges[0], edges[-1]))
    first = spectrum.channel.searchsorted(response.channel[0])
    values = spectrum.counts[first : first + response.n_channels]
    if len(values) != response.n_channels:
        raise HifredError(
            f"{path} must have the {response.n_channels} channels of its response; it "
            f"has {len(spectrum.counts)}."
        )
    centres = 0.5 * (response.channel_low + response.channel_high)
    index = np.searchsorted(edges, centres) - 1
    inside = (index >= 0) & (index < len(edges) - 1)
    total = np.bincount(index[inside], values[inside], minlength=len(edges) - 1)
    return total * exposure_time / spectrum.exposure_time


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
