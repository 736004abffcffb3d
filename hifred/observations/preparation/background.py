"""The expected background of one instrument, from a spectrum, an image or a cube."""

import logging
from dataclasses import dataclass
from typing import final

import numpy as np

from hifred.errors import HifredError, SettingsError
from hifred.observations.formats.detector_channels import DetectorChannels
from hifred.observations.formats.fits_images import (
    background_cube,
    read_sky_image,
    regrid_total,
)
from hifred.observations.formats.pha import Spectrum, read_pha
from hifred.observations.geometry.pixel_grid import PixelGrid
from hifred.observations.preparation.instrument_settings import (
    BackgroundSettings,
    InstrumentSettings,
)

logger = logging.getLogger(__name__)


@final
@dataclass(frozen=True)
class Background:
    """What is expected besides the sky.

    Parameters
    ----------
    counts : (channel, y, x) array, count
    known_channels : (channel,) bool array
        False where the background is not known: QUALITY flags its spectrum as bad.
    """

    counts: np.ndarray
    known_channels: np.ndarray


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


def read_background(
    name: str,
    settings: InstrumentSettings,
    channel_edges: np.ndarray,
    detector: DetectorChannels | None,
    exposed: Exposed,
) -> Background | None:
    """Return the background on the channels and pixels of the counts.

    Parameters
    ----------
    name : str
        Instrument, for errors.
    settings : InstrumentSettings
    channel_edges : (channel + 1,) array, keV
        Of the counts.
    detector : DetectorChannels, optional
        Channels that a background spectrum is in.
    exposed : Exposed

    Raises
    ------
    HifredError
        If the files do not belong to these channels, or there is neither a spectrum
        nor an image.
    """
    background = settings.background
    if background is None:
        return None
    everywhere = np.ones(len(channel_edges) - 1, dtype=bool)
    share, weights = _image(background, exposed)
    if weights is not None and weights.ndim == 3:
        if len(weights) != len(everywhere):
            raise HifredError(
                f"the background cube of {name} must have the channels of its counts, "
                f"{len(everywhere)}; it has {len(weights)}."
            )
        return Background(background.scale * weights, everywhere)
    if background.spectrum is not None:
        spectrum, known = _on_channels(background, detector, channel_edges, exposed)
        spectrum = spectrum * share
    elif weights is not None:
        width = np.diff(channel_edges)
        spectrum, known = weights.sum() * width / width.sum(), everywhere
    else:
        raise SettingsError(
            f"the background of {name} must have a spectrum or an image; it has none."
        )
    flat = exposed.pixels.astype(float) if weights is None else weights
    cube = background_cube(background.scale * spectrum, flat, exposed.grid.shape)
    return Background(cube, known)


def _image(
    background: BackgroundSettings, exposed: Exposed
) -> tuple[float, np.ndarray | None]:
    """Return the share of an image that falls on the grid, and it on the grid."""
    if background.image is None:
        return 1.0, None
    image = read_sky_image(background.image)
    on_grid = regrid_total(image, exposed.grid)
    whole = float(np.sum(image.values))
    return (float(on_grid.sum()) / whole if whole > 0 else 1.0), on_grid


def _on_channels(
    background: BackgroundSettings,
    detector: DetectorChannels | None,
    edges: np.ndarray,
    exposed: Exposed,
) -> tuple[np.ndarray, np.ndarray]:
    """Return counts (channel,) scaled to an exposure, and which channels are known."""
    path = str(background.spectrum)
    if detector is None:
        raise SettingsError("a background spectrum must come with the rmf it is in.")
    spectrum = read_pha(path)
    _check_channels(path, spectrum, detector)
    if background.scale == 1 and np.any(np.asarray(spectrum.background_scale) != 1):
        logger.warning(
            "%s has a BACKSCAL of %g, which is not used: of a region other than the "
            "field, give background.scale.",
            *(path, np.ravel(spectrum.background_scale)[0]),
        )
    values = spectrum.counts / spectrum.area_scale
    picked = detector.number - spectrum.channel[0]
    good = np.ones(len(values)) if spectrum.quality is None else spectrum.quality == 0
    index = np.searchsorted(edges, 0.5 * (detector.low + detector.high)) - 1
    inside = (index >= 0) & (index < len(edges) - 1)
    total, bad = (
        np.bincount(index[inside], v[picked][inside], minlength=len(edges) - 1)
        for v in (values * good, 1.0 - good)
    )
    if np.any(bad):
        logger.warning(
            "%s has bad QUALITY in %d channels of the counts: they are masked.",
            *(path, np.sum(bad > 0)),
        )
    return total * exposed.time / spectrum.exposure_time, bad == 0


def _check_channels(path: str, spectrum: Spectrum, detector: DetectorChannels) -> None:
    own, wanted = spectrum.channel, np.sort(detector.number)
    if own[0] > wanted[0] or own[-1] < wanted[-1]:
        raise HifredError(
            f"{path} must have the {len(wanted)} channels of its response, "
            f"{wanted[0]} to {wanted[-1]}; it has {own[0]} to {own[-1]}. Check its "
            "column CHANNEL, or take the spectrum that belongs to this RMF."
        )
