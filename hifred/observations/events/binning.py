"""Event lists binned into counts cubes."""

from collections.abc import Sequence

import numpy as np

from hifred.observations.events.event_list import Events
from hifred.observations.events.unseen import Unseen
from hifred.observations.formats.fits_files import FitsFormatError
from hifred.observations.geometry.pixel_grid import PixelGrid


def event_pixels(
    events: Events | Unseen, grid: PixelGrid
) -> tuple[np.ndarray, np.ndarray]:
    """Return the pixel coordinates (y, x), from 0, of events on a sky grid."""
    if events.sky is None:
        raise FitsFormatError(
            "events must have sky coordinates to be binned on a sky grid; these have "
            "detector pixels. Give the columns X and Y, or RA and DEC."
        )
    return grid.pixel_of(events.sky)


def bin_events(
    events: Events, grid: PixelGrid, channel_edges: np.ndarray
) -> np.ndarray:
    """Return counts (channel, y, x) of events on a sky grid.

    Parameters
    ----------
    events : Events
        With sky coordinates.
    grid : PixelGrid
        Pixels of the cube.
    channel_edges : (channel + 1,) array, keV
        Increasing.

    Notes
    -----
    Bins are half-open, the last one closed, as in `numpy.histogramdd`.
    """
    y, x = event_pixels(events, grid)
    ny, nx = grid.shape
    edges = (
        np.asarray(channel_edges),
        np.arange(ny + 1) - 0.5,
        np.arange(nx + 1) - 0.5,
    )
    return histogram((events.energy, y, x), edges)


def bin_detector_pixels(
    events: Events, channel_edges: np.ndarray, *, first: int, shape: tuple[int, int]
) -> np.ndarray:
    """Return counts (channel, y, x) of events in detector pixels.

    Parameters
    ----------
    events : Events
        Whose x and y are detector pixel numbers.
    channel_edges : (channel + 1,) array, keV
        Increasing.
    first : int
        Number of the first row and column; 1 for DETX and DETY of Resolve.
    shape : (int, int)
        Rows and columns.
    """
    rows, columns = (np.arange(n + 1) + first - 0.5 for n in shape)
    sample = (events.energy, events.y, events.x)
    return histogram(sample, (np.asarray(channel_edges), rows, columns))


def histogram(sample: Sequence[np.ndarray], edges: Sequence[np.ndarray]) -> np.ndarray:
    """Return integer counts of points in a grid of bins, as `numpy.histogramdd` does.

    Parameters
    ----------
    sample : sequence of (event,) arrays
        One per axis.
    edges : sequence of (n + 1,) arrays
        Increasing edges, one per axis.
    """
    shape = tuple(len(e) - 1 for e in edges)
    good = np.ones(len(sample[0]), dtype=bool)
    indices = []
    for values, axis_edges in zip(sample, edges, strict=True):
        index = np.searchsorted(axis_edges, values, side="right") - 1
        index[values == axis_edges[-1]] -= 1
        good &= (index >= 0) & (index < len(axis_edges) - 1)
        indices.append(index)
    flat = np.ravel_multi_index([i[good] for i in indices], shape)
    return np.bincount(flat, minlength=int(np.prod(shape))).reshape(shape)
