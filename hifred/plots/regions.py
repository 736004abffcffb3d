"""A rectangle on the sky, from a pixel to the whole field."""

from dataclasses import dataclass
from typing import Self

import numpy as np


@dataclass(frozen=True)
class Region:
    """A rectangle on the sky, its edges in arcsec.

    Parameters
    ----------
    y_range, x_range : (float, float)
        Lower and upper edge along ``y`` and ``x``, arcsec. Both ends may be equal:
        the region is then the pixel that holds the point.
    """

    y_range: tuple[float, float]
    x_range: tuple[float, float]

    @classmethod
    def pixel(cls, y: float, x: float) -> Self:
        """Return the region of the one pixel, of whatever size, that holds a point."""
        return cls((float(y), float(y)), (float(x), float(x)))

    @property
    def centre(self) -> tuple[float, float]:
        """Middle of the rectangle, ``(y, x)`` in arcsec."""
        return sum(self.y_range) / 2, sum(self.x_range) / 2

    @property
    def is_pixel(self) -> bool:
        """Whether the region is a single point, hence one pixel of each map."""
        return self.y_range[0] == self.y_range[1] and self.x_range[0] == self.x_range[1]

    def slices(self, y: np.ndarray, x: np.ndarray) -> tuple[slice, slice]:
        """Return the rows and columns whose pixel centres lie in the region.

        Where there is none, the nearest pixel is taken, so that a region smaller than
        a coarse pixel still has a spectrum.

        Parameters
        ----------
        y, x : (y,) and (x,) arrays, arcsec
            Pixel centres, increasing.
        """
        return _inside(y, *self.y_range), _inside(x, *self.x_range)

    def text(self) -> str:
        """Return the region in words."""
        # Adding 0 turns -0 into 0.
        y, x = (round(value) + 0 for value in self.centre)
        if self.is_pixel:
            return f"pixel at x = {x}, y = {y} arcsec"
        height = self.y_range[1] - self.y_range[0]
        width = self.x_range[1] - self.x_range[0]
        return f"{width:.0f} x {height:.0f} arcsec region at x = {x}, y = {y} arcsec"


def _inside(centres: np.ndarray, lower: float, upper: float) -> slice:
    lower, upper = min(lower, upper), max(lower, upper)
    places = np.flatnonzero((centres >= lower) & (centres <= upper))
    if places.size == 0:
        nearest = int(np.argmin(np.abs(centres - (lower + upper) / 2)))
        return slice(nearest, nearest + 1)
    return slice(int(places[0]), int(places[-1]) + 1)
