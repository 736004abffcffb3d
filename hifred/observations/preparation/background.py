"""The expected background of one instrument, from a spectrum, an image or a cube."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np

from hifred.errors import HifredError, SettingsError
from hifred.observations.formats.detector_channels import DetectorChannels
from hifred.observations.formats.fits_images import background_cube
from hifred.observations.formats.pha import Spectrum, read_pha
from hifred.observations.preparation.background_images import (
    Exposed,
    read_background_image,
)
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
    known : ([channel,] y, x) bool array
        False where its image or cube is undefined.
    """

    counts: np.ndarray
    known_channels: np.ndarray
    known: np.ndarray


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
    image = None if background.image is None else read_background_image(
        name, background, channel_edges, exposed
    )  # fmt: skip
    if image is not None and image.counts.ndim == 3:
        return Background(background.scale * image.counts, everywhere, image.known)
    known = np.ones(exposed.grid.shape, bool) if image is None else image.known
    if background.spectrum is not None:
        spectrum, good = _on_channels(background, detector, channel_edges, exposed)
        spectrum = spectrum * (1.0 if image is None else image.share)
    elif image is not None:
        width = np.diff(channel_edges)
        spectrum, good = image.counts.sum() * width / width.sum(), everywhere
    else:
        raise SettingsError(
            f"the background of {name} must have a spectrum or an image; it has none."
        )
    weights = exposed.pixels.astype(float) if image is None else image.counts
    if not spectrum.any():
        weights = np.ones(exposed.grid.shape)  # there is nothing to spread
    cube = background_cube(background.scale * spectrum, weights, exposed.grid.shape)
    return Background(cube, good, known)


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
    kind = str(spectrum.keywords.get("CHANTYPE", "")).strip().upper()
    detector.check_kind(kind, Path(path).name)
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
