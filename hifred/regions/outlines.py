"""The outlines of regions, to be drawn over maps."""

import numpy as np
import shapely

from hifred.regions.overlap import net_outline
from hifred.regions.shapes import on_pixels
from hifred.regions.sky_field import SkyField
from hifred.regions.sky_region import SkyRegion

# Chords within this distance of a curve look like it, in pixels.
DRAWN_TOLERANCE = 0.01


def outlines(region: SkyRegion, sky: SkyField) -> list[np.ndarray]:
    """Return the closed lines that bound a region, as they are to be drawn.

    Parameters
    ----------
    region : SkyRegion
    sky : SkyField
        The pixels that it was read on.

    Returns
    -------
    list of (point, 2) arrays, arcsec
        Offsets ``(y, x)`` along each line, holes included; curves to 0.01 pixels. For
        a mask, the edges of the pixels of which more than half lies in it.
    """
    geometry = _geometry(region, sky)
    lines = shapely.get_parts(geometry.boundary)
    points = [shapely.get_coordinates(line) for line in lines]
    return [
        np.column_stack([sky.offsets(line[:, 1], "y"), sky.offsets(line[:, 0], "x")])
        for line in points
    ]


def _geometry(region: SkyRegion, sky: SkyField) -> shapely.Geometry:
    if not region.shapes:
        rows, columns = np.nonzero(region.weights.values > 0.5)
        return shapely.union_all(
            shapely.box(columns - 0.5, rows - 0.5, columns + 0.5, rows + 0.5)
        )
    inside, outside = (
        [on_pixels(shape, sky.grid.wcs, region.name) for shape in shapes]
        for shapes in (region.shapes, region.excluded)
    )
    return net_outline(inside, outside, DRAWN_TOLERANCE)
