"""All files of one instrument, read and put on one grid of pixels and channels."""

import logging
from dataclasses import dataclass, replace
from typing import final

import numpy as np

from hifred.errors import SettingsError
from hifred.observations.events.cut_flow import CutFlow
from hifred.observations.formats.energy_grids import nearest_edges
from hifred.observations.geometry.pixel_grid import PixelGrid
from hifred.observations.preparation.background import read_background
from hifred.observations.preparation.background_images import Exposed
from hifred.observations.preparation.exposure_maps import (
    LARGEST_RATIO,
    ExposureMap,
    exposure_of_files,
)
from hifred.observations.preparation.instrument_settings import (
    InstrumentSettings,
    names_of,
)
from hifred.observations.preparation.masks import good_pixels
from hifred.observations.preparation.recorded_counts import (
    Recorded,
    counts_from_cube,
    counts_from_events,
)
from hifred.observations.preparation.spectral_response import (
    SpectralResponse,
    read_spectral_response,
)

logger = logging.getLogger(__name__)

# A map of all event lists is hardly shorter than they are together: dead time.
SHARED = 0.8


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
    good : (channel, y, x) bool array
        False where nothing was recorded, or what was is not used.
    good_channels : (channel,) bool array
        False where the background is not known.
    cuts : CutFlow
        What filters, good times, the edges of the grid and the band dropped.
    notes : tuple of str
        What a user should know of the files.
    obs_id : str
        Identifiers of the observations, parted by blanks; empty if not told.
    unusual : str
        What is kept though the telescope's usual conditions drop it.
    """

    counts: np.ndarray
    channel_edges: np.ndarray
    grid: PixelGrid
    exposure_time: float
    response: SpectralResponse
    vignetting: np.ndarray | None
    background: np.ndarray | None
    good: np.ndarray
    good_channels: np.ndarray
    cuts: CutFlow
    notes: tuple[str, ...] = ()
    obs_id: str = ""
    unusual: str = ""

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
            good=summed(~self.good) == 0,
            channel_edges=edges,
            response=self.response.onto_channels(edges),
            background=None if self.background is None else summed(self.background),
            good_channels=summed(~self.good_channels) == 0,
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
    recorded = _recorded(name, settings, response, band_kev)
    edges, grid = recorded.channel_edges, recorded.grid
    response = response.onto_channels(edges)
    maps = names_of(settings.exposure_map)
    exposure = exposure_of_files(maps, grid, band_kev) if maps else None
    vignetting = None if exposure is None else exposure.vignetting
    time = _exposure_time(name, settings, recorded.exposure_time, exposure)
    exposed = Exposed(grid, time, _exposed_pixels(recorded, vignetting))
    background = read_background(name, settings, edges, response.detector, exposed)
    known = np.ones(len(edges) - 1, dtype=bool)
    good = recorded.good & _good_pixels(name, settings, grid, vignetting)
    return InstrumentFiles(
        counts=recorded.counts,
        channel_edges=edges,
        grid=grid,
        exposure_time=time,
        response=response,
        vignetting=vignetting,
        background=None if background is None else background.counts,
        good=good if background is None else good & background.known,
        good_channels=known if background is None else background.known_channels,
        cuts=recorded.cuts,
        notes=recorded.notes,
        obs_id=recorded.obs_id,
        unusual=recorded.unusual,
    )


def _exposed_pixels(recorded: Recorded, vignetting: np.ndarray | None) -> np.ndarray:
    """Return which pixels (y, x) have a share of a spectrum of all that were on."""
    on = np.asarray(recorded.good.any(axis=0))
    return on if vignetting is None else on & (vignetting > 0)


def _recorded(
    name: str,
    settings: InstrumentSettings,
    response: SpectralResponse,
    band: tuple[float, float],
) -> Recorded:
    if settings.events is None:
        return counts_from_cube(name, settings, band)
    if not response.parts:
        raise SettingsError("events must have an rmf, whose channels they are put in.")
    edges = response.channel_edges(band, settings.channel_group)
    return counts_from_events(name, settings, edges, response.detector)


def _good_pixels(
    name: str,
    settings: InstrumentSettings,
    grid: PixelGrid,
    vignetting: np.ndarray | None,
) -> np.ndarray:
    good = good_pixels(name, settings, grid)
    return (
        good
        if vignetting is None
        else good & (vignetting >= settings.smallest_exposure)
    )


def _exposure_time(
    name: str,
    settings: InstrumentSettings,
    recorded: float | None,
    exposure: ExposureMap | None,
) -> float:
    mapped = None if exposure is None else exposure.exposure_time
    if recorded and mapped:
        _check_map(name, settings, mapped, recorded)
    time = settings.exposure_time_s or recorded or mapped
    if not time:
        raise SettingsError(
            f"instruments.{name} must have exposure_time_s; its files do not tell it"
            f"{'' if exposure is None else ', and its exposure map is not in s'}."
        )
    return time


def _check_map(
    name: str, settings: InstrumentSettings, mapped: float, recorded: float
) -> None:
    """Warn where a map's exposure time, s, is not that of what was recorded."""
    n_lists = len(names_of(settings.events))
    if not 1 / LARGEST_RATIO < mapped / recorded < LARGEST_RATIO:
        logger.warning(
            "the exposure map of %s says %g s where its counts say %g s: is it in "
            "another unit than its BUNIT? Only its shape is used.",
            *(name, mapped, recorded),
        )
    elif n_lists > 1 and mapped < SHARED * recorded:
        logger.warning(
            "the exposure map of %s says %g s where its %d event lists have %g s "
            "together: is it of one of them? Give one of all, or one for each.",
            *(name, mapped, n_lists, recorded),
        )
