"""Pixels of a small array by their numbers: which are off, and where they lie."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import numpy as np

from hifred.observations.events.detectors import named_detector
from hifred.observations.events.expression import Expression
from hifred.observations.events.filters import Condition, alone
from hifred.observations.formats.fits_tables import FitsTable

COLUMN = "PIXEL"
# Fewest events of a usual pixel for one without any to be off: 2e-9 by chance.
FEWEST_EVENTS = 20
# Pixels that must have events for the array's place on the grid to be known.
FEWEST_PLACES = 6
# Errors of roll angles that matter: at the array's edge, a twentieth of a pixel.
LARGEST_TURN_DEG = 1.5
# Largest scatter of the pixels about their places in the array, in pixels.
LARGEST_SCATTER = 0.35


@final
@dataclass(frozen=True, eq=False)
class PixelNumbers:
    """Pixel numbers of the events of a small array such as Resolve's.

    Parameters
    ----------
    number : (event,) int array
        Of the events kept, -1 where unknown; empty where the file has none.
    layout : (column, row) int array
        Numbers by place on the detector.
    excluded : frozenset of int
        Numbers that the filters drop.
    silent : frozenset of int
        Others without a single event, while a usual pixel has many.
    """

    number: np.ndarray
    layout: np.ndarray
    excluded: frozenset[int]
    silent: frozenset[int]

    @property
    def off(self) -> list[int]:
        """Numbers of the pixels that saw nothing, or of which nothing is kept."""
        return sorted(self.excluded | self.silent)


NO_PIXELS = PixelNumbers(
    np.zeros(0, int), np.zeros((0, 0), int), frozenset(), frozenset()
)


def numbered_pixels(
    table: FitsTable, good: np.ndarray, filters: Mapping[str, Condition]
) -> PixelNumbers:
    """Return the pixel numbers of the good rows (event,) of an event list."""
    layout = pixel_layout(table)
    if layout is None or table.find(COLUMN) is None:
        return NO_PIXELS
    found = table.values(COLUMN)[good]
    number = np.where(np.isin(found, layout), found, -1).astype(np.int64)
    counts = np.bincount(number[number >= 0], minlength=layout.size)
    excluded = _excluded(layout.size, filters)
    usual = np.median(counts[counts > 0]) if counts.any() else 0
    silent = np.flatnonzero(counts == 0).tolist() if usual >= FEWEST_EVENTS else []
    return PixelNumbers(
        number, layout, frozenset(excluded), frozenset(silent) - frozenset(excluded)
    )


def pixel_layout(table: FitsTable) -> np.ndarray | None:
    """Return the numbers (column, row) of the array that a list is of, if of one."""
    detector = named_detector(table.header)
    return None if detector is None else detector.pixels


def _excluded(n: int, filters: Mapping[str, Condition]) -> set[int]:
    numbers, found = np.arange(n), np.zeros(n, dtype=bool)
    for columns, _, condition in alone(filters):
        if columns == {COLUMN}:
            found |= ~_accepts(condition, numbers)
    return set(np.flatnonzero(found).tolist())


def _accepts(condition: Condition, numbers: np.ndarray) -> np.ndarray:
    if isinstance(condition, Expression):
        return condition.holds({COLUMN: numbers})
    return condition.accepts(numbers)


def cells_off(
    pixels: PixelNumbers, y: np.ndarray, x: np.ndarray, shape: tuple[int, int]
) -> np.ndarray | None:
    """Return which cells (y, x) of a grid show only pixels that are off.

    Parameters
    ----------
    pixels : PixelNumbers
    y, x : (event,) arrays
        Grid coordinates of the events, from 0.
    shape : (int, int)
        Rows and columns of the grid.

    Returns
    -------
    (y, x) bool array, or None where the numbers do not lie on the grid as on the array.

    Notes
    -----
    The place of a pixel without events is known from the others: the map from the
    array to the grid is affine.
    """
    if not pixels.off:
        return np.zeros(shape, dtype=bool)
    fit = _place_on_grid(pixels, y, x)
    if fit is None:
        return None
    rows, columns = np.indices(shape)
    at = np.stack([rows.ravel(), columns.ravel()]) - fit[2][:, None]
    i, j = np.rint(np.linalg.solve(fit[:2].T, at)).astype(int)
    inside = (i >= 0) & (i < pixels.layout.shape[0])
    inside &= (j >= 0) & (j < pixels.layout.shape[1])
    off = np.zeros(shape, dtype=bool).ravel()
    off[inside] = np.isin(pixels.layout[i[inside], j[inside]], pixels.off)
    return off.reshape(shape)


def turned_by(pixels: PixelNumbers, y: np.ndarray, x: np.ndarray) -> float | None:
    """Return the angle, degrees, from a grid's +y axis to the array's on it.

    Towards the grid's +x, between -180 and 180. None where the numbers do not lie as on
    the array.

    Parameters
    ----------
    pixels : PixelNumbers
    y, x : (event,) arrays
        Grid coordinates of the events, from 0.
    """
    fit = _place_on_grid(pixels, y, x)
    if fit is None:
        return None
    along_y, along_x = fit[1]
    return float(np.degrees(np.arctan2(along_x, along_y)))


def _place_on_grid(
    pixels: PixelNumbers, y: np.ndarray, x: np.ndarray
) -> np.ndarray | None:
    """Return the affine map (3, 2) from places in the array to (y, x), if there is one.

    Least squares over the middles of the pixels that have events.
    """
    places = {int(n): at for at, n in np.ndenumerate(pixels.layout)}
    seen = [n for n in places if np.any(pixels.number == n)]
    if len(seen) < FEWEST_PLACES:
        return None
    design = np.array([(*places[n], 1.0) for n in seen])
    middle = np.array([_middle(pixels.number == n, y, x) for n in seen])
    fit, *_ = np.linalg.lstsq(design, middle, rcond=None)
    pitch = np.sqrt(abs(np.linalg.det(fit[:2])))
    scatter = np.sqrt(np.mean((design @ fit - middle) ** 2))
    return np.asarray(fit) if scatter < LARGEST_SCATTER * pitch else None


def _middle(chosen: np.ndarray, y: np.ndarray, x: np.ndarray) -> tuple[float, float]:
    return float(np.median(y[chosen])), float(np.median(x[chosen]))
