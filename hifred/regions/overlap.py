"""Several shapes on a grid of pixels: their union less what is excluded."""

from collections.abc import Sequence

import numpy as np
import shapely
from regions import PixelRegion

from hifred.regions.shapes import outline, shares

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
    inside, outside = (
        np.reshape([shares(shape, image_shape) for shape in shapes], (-1, *image_shape))
        for shapes in (included, excluded)
    )
    union = inside.max(axis=0) * (1 - outside).prod(axis=0)
    parts = np.concatenate([inside, outside])
    crossed = ((parts > 0) & (parts < 1)).sum(axis=0) > 1
    rows, columns = np.nonzero(crossed)
    pixels = shapely.box(columns - 0.5, rows - 0.5, columns + 0.5, rows + 0.5)
    covered = _covered(included, inside[:, crossed], pixels)
    hidden = _covered(excluded, outside[:, crossed], pixels)
    union[crossed] = shapely.area(shapely.difference(covered, hidden))
    return union


def _covered(
    shapes: Sequence[PixelRegion], share: np.ndarray, pixels: np.ndarray
) -> np.ndarray:
    """Return what the union of shapes covers of each of some pixels, as geometries.

    Parameters
    ----------
    shapes : sequence of PixelRegion
    share : (shape, pixel) array
        Which share of the pixels each of them covers.
    pixels : (pixel,) array of geometries

    Notes
    -----
    Each pixel is cut with the few shapes that cross it: a union of a hundred outlines
    would be walked round for every pixel.
    """
    parts = np.full((len(shapes), len(pixels)), shapely.Polygon())
    for part, shape, of_shape in zip(parts, shapes, share, strict=True):
        is_cut = (of_shape > 0) & (of_shape < 1)
        part[of_shape >= 1] = pixels[of_shape >= 1]
        if is_cut.any():
            part[is_cut] = shapely.intersection(outline(shape), pixels[is_cut])
    return np.asarray(shapely.union_all(parts, axis=0))


def net_outline(
    included: Sequence[PixelRegion],
    excluded: Sequence[PixelRegion],
    tolerance: float,
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
