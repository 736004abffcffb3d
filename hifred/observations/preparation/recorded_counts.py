"""What an instrument recorded, on its channels and pixels: from events or a cube."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import final

import numpy as np
from astropy.io import fits

from hifred.errors import HifredError, SettingsError
from hifred.observations.events.binning import bin_detector_pixels, bin_events
from hifred.observations.events.cut_flow import CutFlow
from hifred.observations.events.detector_pixels import (
    LARGEST_TURN_DEG,
    turned_by,
)
from hifred.observations.events.event_list import Events
from hifred.observations.events.joined_list import read_event_files
from hifred.observations.formats.detector_channels import DetectorChannels
from hifred.observations.formats.fits_images import (
    SkyImage,
    check_counts_unit,
    counts_of,
    read_sky_image,
)
from hifred.observations.geometry.celestial import celestial_wcs
from hifred.observations.geometry.pixel_grid import (
    RESOLVE_PIXEL_ARCSEC,
    RESOLVE_SHAPE,
    PixelGrid,
)
from hifred.observations.preparation.fields import distance_pixels, pixel_grid
from hifred.observations.preparation.instrument_settings import (
    InstrumentSettings,
    names_of,
)
from hifred.observations.preparation.off_by_filters import (
    FIRST_PIXEL,
    channels_off,
    pixels_off,
    places_on,
)
from hifred.settings.kinds import is_number

# Fewest counts of a usual pixel for one without any to be off, whatever the sky is.
FEWEST_COUNTS = 50
NO_RATES = (
    "Rates are no counts: give the file before the division by exposure, or correct "
    "BUNIT."
)


@final
@dataclass(frozen=True)
class Recorded:
    """Counts and what is known of them.

    Parameters
    ----------
    counts : (channel, y, x) int array, count
    channel_edges : (channel + 1,) array, keV
    grid : PixelGrid
    exposure_time : float or None, s
        Where the files tell it.
    good : (channel, y, x) bool array
        False where nothing could be recorded.
    cuts : CutFlow
        What filters, good times, the edges of the grid and the band dropped.
    notes : tuple of str
        What a user should know of them.
    obs_id : str
        Identifiers of the observations, where the files tell them.
    unusual : str
        What is kept though the telescope's usual conditions drop it; empty if nothing.
    """

    counts: np.ndarray
    channel_edges: np.ndarray
    grid: PixelGrid
    exposure_time: float | None
    good: np.ndarray
    cuts: CutFlow
    notes: tuple[str, ...]
    obs_id: str = ""
    unusual: str = ""


def counts_from_events(
    name: str,
    settings: InstrumentSettings,
    channel_edges: np.ndarray,
    channels: DetectorChannels | None = None,
) -> Recorded:
    """Return the counts of the event files of an instrument.

    Parameters
    ----------
    name : str
        Instrument, for errors.
    settings : InstrumentSettings
        With `events` and a `grid`.
    channel_edges : (channel + 1,) array, keV
        Those of its response.
    channels : DetectorChannels, optional
        All channels of the response.

    Raises
    ------
    HifredError
        If no event is left.
    """
    if settings.grid is None or settings.events is None:
        raise SettingsError(f"instruments.{name} must have events and a grid.")
    grid = pixel_grid(settings.grid)
    events = _read(settings, channels)
    y, x = places_on(events, grid)
    if events.sky is None:
        counts = bin_detector_pixels(
            events, channel_edges, first=FIRST_PIXEL, shape=grid.shape
        )
    else:
        counts = bin_events(events, grid, channel_edges)
    cuts = events.cuts.then("grid", _inside(y, x, grid.shape).sum())
    cuts = cuts.then("band", counts.sum())
    _check_any(name, events, cuts, grid)
    _check_roll(name, settings, grid, turned_by(events.pixels, y, x))
    off, notes = pixels_off(name, events, (y, x), grid)
    empty, sentence = _empty(name, settings, counts.sum(axis=0), ~off)
    closed, told = channels_off(name, events, channel_edges)
    return Recorded(
        counts=counts,
        channel_edges=channel_edges,
        grid=grid,
        exposure_time=events.exposure_time,
        good=~closed[:, None, None] & ~(off | empty),
        cuts=cuts,
        notes=(*events.notes, *events.unusual, *notes, *sentence, *told),
        obs_id=str(events.keywords.get("OBS_ID", "")).strip(),
        unusual=" ".join(events.unusual),
    )


def _read(settings: InstrumentSettings, channels: DetectorChannels | None) -> Events:
    return read_event_files(
        names_of(settings.events),
        filters=settings.filters,
        usual_filters=settings.usual_filters,
        coordinates=settings.coordinates,
        energy_column=settings.energy_column,
        channels=channels,
        good_times=settings.good_times,
        good_time_files=names_of(settings.good_time_files),
    )


def _inside(y: np.ndarray, x: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    inside_y = (y >= -0.5) & (y <= shape[0] - 0.5)
    return inside_y & (x >= -0.5) & (x <= shape[1] - 0.5)


def _check_any(name: str, events: Events, cuts: CutFlow, grid: PixelGrid) -> None:
    if cuts.n_kept > 0:
        return
    if cuts.n_recorded == 0:
        raise HifredError(
            f"{name} must have events; its files hold none. Check that they are the "
            "event lists that were meant."
        )
    row = next(row for row in cuts.rows() if row["kept"] == 0)
    where = ""
    if row["cut"] == "grid" and events.sky is not None:
        middle = events.sky[len(events.sky) // 2]
        apart = middle.separation(grid.centre).deg
        where = (
            f" They lie around {middle.icrs.to_string('decimal')} deg (ICRS), "
            f"{apart:.3g} deg from the grid at {grid}. Check its centre."
        )
    raise HifredError(
        f"{name} must have events; {row['cut']!r} drops the last {row['dropped']} of "
        f"{cuts.n_recorded}.{where}"
    )


def _check_roll(
    name: str, settings: InstrumentSettings, grid: PixelGrid, turned: float | None
) -> None:
    """Raise where the pixels of a small array lie turned on a grid made for them."""
    roll = settings.grid.roll_deg if settings.grid is not None else 0.0
    is_array = grid.shape == RESOLVE_SHAPE and np.isclose(
        grid.pixel_size_arcsec, RESOLVE_PIXEL_ARCSEC, rtol=0.02
    )
    if turned is None or not is_array:
        return
    turned = (turned + 45) % 90 - 45  # rows may be the columns of the array
    if abs(turned) < LARGEST_TURN_DEG:
        return
    fits, why = roll - turned, ""
    if abs((2 * roll - turned + 45) % 90 - 45) < LARGEST_TURN_DEG:
        fits, why = -roll, ", with the opposite sign"
    raise HifredError(
        f"instruments.{name}.grid must lie on the array's pixels; the events of one "
        f"PIXEL lie turned by {turned:.1f} deg on it. roll_deg = {fits:.1f}{why}, fits "
        f"instead of {roll:.1f}: it is the position angle of the +y axis, from north "
        "through east."
    )


def _empty(
    name: str, settings: InstrumentSettings, image: np.ndarray, good: np.ndarray
) -> tuple[np.ndarray, list[str]]:
    """Return `empty_pixels`; none where a map or a mask of an imager knows better."""
    if settings.role == "imager" and (settings.exposure_map or settings.mask_image):
        return np.zeros_like(good), []
    return empty_pixels(name, settings.role, image, good)


def empty_pixels(
    name: str, role: str, image: np.ndarray, good: np.ndarray
) -> tuple[np.ndarray, list[str]]:
    """Return which good pixels are off, and a sentence on those without a count.

    Parameters
    ----------
    name, role : str
        Instrument.
    image : (y, x) array, count
    good : (y, x) bool array
        Pixels that are not masked already.

    Notes
    -----
    A pixel without a count, where the others have `FEWEST_COUNTS` and more, saw no sky.
    In a spectrometer of few pixels it is masked; an imager's edges are told only, for
    its exposure map knows them better.
    """
    empty = good & (image == 0)
    seen = image[good & (image > 0)]
    if not empty.any() or seen.size == 0 or np.median(seen) < FEWEST_COUNTS:
        return np.zeros_like(empty), []
    is_off = role == "spectrometer"
    places = ", ".join(f"[{y}, {x}]" for y, x in np.argwhere(empty)[:LONGEST_LIST])
    more = "" if empty.sum() <= LONGEST_LIST else " and so on"
    done = "masked" if is_off else "not masked: give an exposure_map or a mask_image"
    sentence = (
        f"{name}: {empty.sum()} pixels without a single count, where a usual one has "
        f"{np.median(seen):.0f}, at {places}{more}; {done}."
    )
    return empty & is_off, [sentence]


# The grid of a cube and its own WCS may lie so far apart, in pixels.
LARGEST_SHIFT = 0.1
# Pixels that a sentence names.
LONGEST_LIST = 6


def counts_from_cube(
    name: str, settings: InstrumentSettings, band_kev: tuple[float, float]
) -> Recorded:
    """Return the counts of a cube whose planes' centres lie in a band.

    Values that are not defined (NaN, BLANK) are masked.

    Raises
    ------
    HifredError
        If the counts are no cube with energies, or do not reach the band.
    """
    grid = None if settings.grid is None else pixel_grid(settings.grid)
    image = read_sky_image(str(settings.counts), grid=grid, prefer_cube=True)
    check_counts_unit(
        image, f"the counts of {name} must be numbers of counts", NO_RATES
    )
    inside, edges = _planes_of(name, settings, image, band_kev)
    planes = np.asarray(image.values[inside])
    defined = np.isfinite(planes)
    whole = replace(image, values=np.where(defined, planes, 0))
    counts = _some_counts(name, whole, band_kev)
    total = np.nansum(image.values, dtype=float)
    off, notes = empty_pixels(
        name, settings.role, counts.sum(axis=0), defined.any(axis=0)
    )
    return Recorded(
        counts=counts,
        channel_edges=edges,
        grid=image.grid,
        exposure_time=None
        if settings.exposure_time_s
        else _exposure_time(name, image.header),
        good=defined & ~off,
        cuts=CutFlow(round(total)).then("band", counts.sum()),
        notes=(
            *(() if grid is None else _displaced(name, image)),
            *_undefined(name, defined),
            *notes,
        ),
        obs_id=str(image.header.get("OBS_ID", "")).strip(),
    )


def _some_counts(
    name: str, image: SkyImage, band_kev: tuple[float, float]
) -> np.ndarray:
    counts = counts_of(image, f"the counts of {name}")
    if not counts.any():
        raise HifredError(
            f"the counts of {name} must be above 0 somewhere in the band "
            f"{band_kev[0]:g} to {band_kev[1]:g} keV; all are 0 or undefined. Check "
            "that the file is the one that was meant."
        )
    return counts


def _displaced(name: str, image: SkyImage) -> list[str]:
    """Return a sentence where the grid of the settings is not the file's own place."""
    # Comments may be of several lines, which no card holds.
    cards = {
        k: v for k, v in image.header.items() if k not in ("COMMENT", "HISTORY", "")
    }
    own = celestial_wcs(fits.Header(cards), f"the counts of {name}")
    if own is None:
        return []
    place = PixelGrid(own, image.grid.shape)
    shift = distance_pixels(image.grid, place)
    if shift < LARGEST_SHIFT:
        return []
    return [
        f"{name}: its grid takes the place of the file's WCS, from which it is "
        f"{shift:.3g} pixels away: at {image.grid}, and the WCS at {place}. Leave grid "
        "out to use the WCS."
    ]


def _planes_of(
    name: str,
    settings: InstrumentSettings,
    image: SkyImage,
    band: tuple[float, float],
) -> tuple[np.ndarray, np.ndarray]:
    """Return the indices of the planes in a band, and their edges."""
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
    return inside, image.edges[inside[0] : inside[-1] + 2]


def _undefined(name: str, defined: np.ndarray) -> list[str]:
    n = int(np.sum(~defined))
    if n == 0:
        return []
    pixels = int(np.sum(~defined.any(axis=0)))
    return [
        f"{name}: {n} of {defined.size} values are undefined (NaN or BLANK), {pixels} "
        "pixels at all energies; masked."
    ]


def _exposure_time(name: str, header: Mapping[str, object]) -> float | None:
    exposure = header.get("EXPOSURE")
    if exposure is None:
        return None
    if is_number(exposure) and exposure > 0:
        return float(exposure)
    raise HifredError(
        f"the counts of {name} must have seconds above 0 in EXPOSURE; got "
        f"{exposure!r}. Correct it, or give exposure_time_s."
    )
