"""A named region: shares of pixels, and the shapes that they come from."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import regions
import xarray as xr

from hifred import dims
from hifred.errors import HifredError
from hifred.regions.overlap import share_outside, union_shares
from hifred.regions.shapes import on_pixels
from hifred.regions.sky_field import SkyField

LOGGER = logging.getLogger(__name__)
# A share of the area that is rounding, not a part beyond the field.
SMALLEST_SHARE = 1e-6
# Of a mask, whose pixels are turned and bent against those of the field.
SMALLEST_MASK_SHARE = 1e-3


@dataclass(frozen=True, eq=False)
class SkyRegion:
    """A region on the pixels of a field.

    Parameters
    ----------
    name : str
    weights : (y, x) DataArray
        Which share of each pixel lies in the region, 0 to 1: the sum of an image in
        the region is ``(image * weights).sum()``.
    share_outside : float
        Which share of the region's area lies beyond the field.
    shapes, excluded : tuple of regions.Region
        What it is the union of, and what is taken out; none for a mask.
    """

    name: str
    weights: xr.DataArray
    share_outside: float = 0.0
    shapes: tuple[regions.Region, ...] = ()
    excluded: tuple[regions.Region, ...] = ()

    @property
    def n_pixels(self) -> float:
        """Area in pixels, parts of pixels counted as such."""
        return float(self.weights.sum())


def region_of(
    name: str,
    shapes: Sequence[regions.Region],
    field: SkyField,
    excluded: Sequence[regions.Region] = (),
) -> SkyRegion:
    """Return the region that is the union of `shapes` without those `excluded`.

    Parameters
    ----------
    name : str
    shapes, excluded : sequences of regions.PixelRegion or regions.SkyRegion
        Circles, ellipses, boxes, polygons, annuli; pixel (0, 0) is the middle of row
        0, column 0.
    field : SkyField
        From `fused_field` or `instrument_field`.

    Raises
    ------
    HifredError
        If it has no pixels or lies beyond the field, or a shape has no area.

    Notes
    -----
    Shares are exact, to rounding, but where the edges of two shapes meet within one
    pixel: there curves are taken as chords, within 1e-8 pixels of them.
    """
    wcs, image_shape = field.grid.wcs, field.grid.shape
    inside = [on_pixels(shape, wcs, name) for shape in shapes]
    outside = [on_pixels(shape, wcs, name) for shape in excluded]
    beyond = share_outside(inside, outside, image_shape)
    values = union_shares(inside, outside, image_shape)
    _check_place(name, values, beyond, field, has_excluded=bool(outside))
    return SkyRegion(
        name, _weights(values, field), beyond, tuple(shapes), tuple(excluded)
    )


def box_region(
    name: str,
    y_range: tuple[float, float],
    x_range: tuple[float, float],
    field: SkyField,
) -> SkyRegion:
    """Return the region of a rectangle that was drawn over a map.

    Parameters
    ----------
    name : str
    y_range, x_range : (float, float), arcsec
        Offsets of its edges, along the rows and columns of the field.
    field : SkyField

    Raises
    ------
    HifredError
        If it has no area or lies beyond the field.
    """
    (bottom, top), (left, right) = (
        sorted(field.pixels(edges, axis))
        for axis, edges in (("y", y_range), ("x", x_range))
    )
    if not (top > bottom and right > left):
        raise HifredError(f"region {name!r} must have an area; its edges coincide.")
    middle = regions.PixCoord((left + right) / 2, (bottom + top) / 2)
    box = regions.RectanglePixelRegion(middle, right - left, top - bottom)
    return region_of(name, [box], field)


def masked_region(
    name: str, values: np.ndarray, field: SkyField, share_outside: float = 0.0
) -> SkyRegion:
    """Return a region given by shares of pixels (y, x).

    Parameters
    ----------
    share_outside : float
        Which share of its area lies beyond the field.
    """
    if not np.any(values > 0):
        raise HifredError(f"region {name!r} must have pixels in the field; got none.")
    beyond = share_outside if share_outside > SMALLEST_MASK_SHARE else 0.0
    _tell_beyond(name, beyond)
    return SkyRegion(name, _weights(values, field), beyond)


def _weights(values: np.ndarray, field: SkyField) -> xr.DataArray:
    clipped = np.clip(values, 0.0, 1.0)  # overlaps exceed 1 by rounding
    return field.image(clipped, dims.DIMENSIONLESS, "share of the pixel in the region")


def _check_place(
    name: str, values: np.ndarray, beyond: float, field: SkyField, has_excluded: bool
) -> None:
    if beyond > 1 - SMALLEST_SHARE:
        raise HifredError(
            f"region {name!r} must lie in the field; it lies beyond it. The field: "
            f"{field.grid}."
        )
    if values.sum() < SMALLEST_SHARE:
        why = "what is excluded covers all of it" if has_excluded else "it is too small"
        raise HifredError(
            f"region {name!r} must have pixels; {why} (it has {values.sum():.1g})."
        )
    _tell_beyond(name, beyond)


def _tell_beyond(name: str, beyond: float) -> None:
    if beyond > SMALLEST_SHARE:
        LOGGER.warning(
            "%.1f %% of region %r lie beyond the field: its sums hold the rest.",
            100 * beyond,
            name,
        )
