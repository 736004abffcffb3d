"""Pixels and channels that the conditions on events leave unseen; they are masked."""

import numpy as np

from hifred.observations.events.binning import event_pixels
from hifred.observations.events.detector_pixels import PixelNumbers, cells_off
from hifred.observations.events.event_list import Events
from hifred.observations.events.unseen import ENERGIES, PLACES, Unseen, unseen_cells
from hifred.observations.geometry.pixel_grid import PixelGrid

# Number of the first row and column of detector pixels such as DETX and DETY.
FIRST_PIXEL = 1


def places_on(
    events: Events | Unseen, grid: PixelGrid
) -> tuple[np.ndarray, np.ndarray]:
    """Return where events (event,) lie on a grid, y and x from 0."""
    if events.sky is None:
        return events.y - FIRST_PIXEL, events.x - FIRST_PIXEL
    return event_pixels(events, grid)


def pixels_off(
    name: str, events: Events, at: tuple[np.ndarray, np.ndarray], grid: PixelGrid
) -> tuple[np.ndarray, list[str]]:
    """Return which pixels (y, x) saw nothing, by conditions or on their own, and notes.

    Parameters
    ----------
    name : str
        Instrument.
    events : Events
    at : pair of (event,) arrays
        Where they lie on the grid.
    grid : PixelGrid
    """
    numbered, notes = _numbers_off(name, events.pixels, at, grid.shape)
    off = unseen_cells(at, places_on(events.unseen, grid), grid.shape)
    asked = sorted(events.unseen.columns & PLACES)
    told = _told(name, asked, len(events.unseen.y), f"{off.sum()} pixels", off)
    return off | numbered, notes + told


def _numbers_off(
    name: str,
    pixels: PixelNumbers,
    at: tuple[np.ndarray, np.ndarray],
    shape: tuple[int, int],
) -> tuple[np.ndarray, list[str]]:
    """Return which pixels (y, x) show numbers of an array that are off, and notes."""
    placed = cells_off(pixels, *at, shape)
    where = "masked" if placed is not None else "mask them by bad_pixels"
    off = np.zeros(shape, dtype=bool) if placed is None else placed
    return off, [
        f"{name}: PIXEL {', '.join(map(str, sorted(numbers)))} {why}; {where}."
        for numbers, why in (
            (pixels.excluded, "excluded by the filters"),
            (pixels.silent, "without a single event"),
        )
        if numbers
    ]


def channels_off(
    name: str, events: Events, channel_edges: np.ndarray
) -> tuple[np.ndarray, list[str]]:
    """Return which channels conditions on energy leave unseen, and a sentence.

    Parameters
    ----------
    name : str
        Instrument.
    events : Events
    channel_edges : (channel + 1,) array, keV
    """
    kept, dropped = (
        np.searchsorted(channel_edges, energy, side="right") - 1
        for energy in (events.energy, events.unseen.energy)
    )
    off = unseen_cells([kept], [dropped], (len(channel_edges) - 1,))
    asked = sorted(events.unseen.columns & ENERGIES)
    n = len(events.unseen.energy)
    return off, _told(name, asked, n, f"{off.sum()} channels", off)


def _told(
    name: str, asked: list[str], n_dropped: int, cells: str, off: np.ndarray
) -> list[str]:
    if not off.any():
        return []
    return [
        f"{name}: conditions on {', '.join(asked)} drop {n_dropped} events; what they "
        f"leave unseen, {cells}, is masked."
    ]
