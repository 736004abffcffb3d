"""Several shapes on a grid of pixels: their union less what is excluded."""

from collections.abc import Sequence

import numpy as np
import shapely
from regions import PixelRegion

from hifred.regions.shapes import CURVE_TOLERANCE, area_in_pixels, outline, shares

# Curves are cut so finely, in pixels, to tell how much of a region is in the field.
SHARE_TOLERANCE = 1e-4


def union_shares(
    included: Sequence[PixelRegion],
    excluded: Sequence[PixelRegion],
    image_shape: tuple[int, int],
) -> np.ndarray:
    """Return the share of each pixel (y, x) in any of `included`, in none `excluded`.

    Where at most one shape cuts through a pixel, shares combine without geometry and
    are exact; where two or more do, their outlines are cut with the pixel.
    """
    inside = np.stack([shares(shape, image_shape) for shape in included])
    outside = np.ones((1, *image_shape))
    if excluded:
        outside = np.stack([1 - shares(shape, image_shape) for shape in excluded])
    union = inside.max(axis=0) * outside.prod(axis=0)
    parts = np.concatenate([inside, outside])
    crossed = ((parts > 0) & (parts < 1)).sum(axis=0) > 1
    if crossed.any():
        geometry = net_outline(included, excluded)
        union[crossed] = area_in_pixels(geometry, *np.nonzero(crossed))
    return union


def net_outline(
    included: Sequence[PixelRegion],
    excluded: Sequence[PixelRegion],
    tolerance: float = CURVE_TOLERANCE,
) -> shapely.Geometry:
    """Return the polygons of the union of shapes less those excluded."""
    inside, outside = (
        shapely.union_all([outline(shape, tolerance) for shape in shapes])
        for shapes in (included, excluded)
    )
    return inside.difference(outside)


def share_outside(
    included: Sequence[PixelRegion],
    excluded: Sequence[PixelRegion],
    image_shape: tuple[int, int],
) -> float:
    """Return which share of a region's area lies beyond the pixels of an image."""
    n_rows, n_columns = image_shape
    field = shapely.box(-0.5, -0.5, n_columns - 0.5, n_rows - 0.5)
    if all(field.contains(_box(shape)) for shape in included):
        return 0.0
    geometry = net_outline(included, excluded, SHARE_TOLERANCE)
    if geometry.area == 0:
        return 0.0
    return float(geometry.difference(field).area / geometry.area)


def _box(shape: PixelRegion) -> shapely.Polygon:
    box = shape.bounding_box
    return shapely.box(
        *(edge - 0.5 for edge in (box.ixmin, box.iymin, box.ixmax, box.iymax))
    )
