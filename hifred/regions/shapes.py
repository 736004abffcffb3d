"""One shape on a grid of pixels: its share of each pixel, and its outline."""

import numpy as np
import shapely
from astropy.units import Quantity
from astropy.wcs import WCS
from regions import (
    CircleAnnulusPixelRegion,
    CirclePixelRegion,
    EllipseAnnulusPixelRegion,
    EllipsePixelRegion,
    PixCoord,
    PixelRegion,
    PolygonPixelRegion,
    RectangleAnnulusPixelRegion,
    RectanglePixelRegion,
    SkyRegion,
)

from hifred.errors import HifredError

CURVED = (CirclePixelRegion, EllipsePixelRegion)
STRAIGHT = (RectanglePixelRegion, PolygonPixelRegion)
RINGS = (
    CircleAnnulusPixelRegion,
    EllipseAnnulusPixelRegion,
    RectangleAnnulusPixelRegion,
)
# A curve is cut into chords that stay within this distance of it, in pixels.
CURVE_TOLERANCE = 1e-8
# A shape that spans more pixels than this has the wrong units: a mask of it would
# fill the memory.
WIDEST_SHAPE = 4_000


def on_pixels(shape: PixelRegion | SkyRegion, wcs: WCS, name: str) -> PixelRegion:
    """Return a shape in pixel coordinates, checked.

    Parameters
    ----------
    shape : PixelRegion or SkyRegion
    wcs : WCS
        Celestial; sky positions in any frame are transformed to its own.
    name : str
        Region, for errors.

    Raises
    ------
    HifredError
        If it has no area, crosses itself, lies on the far side of the sky or spans
        more than 4,000 pixels.
    """
    placed = shape.to_pixel(wcs) if isinstance(shape, SkyRegion) else shape
    _check_numbers(placed, name)
    if not isinstance(placed, CURVED + STRAIGHT + RINGS):
        kind = type(placed).__name__.removesuffix("PixelRegion").lower()
        raise HifredError(
            f"region {name!r} must have an area; a {kind} has none. Draw a circle, "
            "ellipse, box, polygon or annulus."
        )
    _check_extent(placed, name)
    if isinstance(placed, PolygonPixelRegion):
        _check_polygon(outline(placed), name)
    return placed


def _check_polygon(drawn: shapely.Geometry, name: str) -> None:
    if drawn.convex_hull.area == 0:
        raise HifredError(
            f"region {name!r} must have an area; its vertices lie on one line."
        )
    if not drawn.is_valid:
        raise HifredError(f"region {name!r} must not cross itself; draw it again.")


def _check_numbers(shape: PixelRegion, name: str) -> None:
    """Refuse a place or a size that is no number: other checks would stumble."""
    for key, value in vars(shape).items():
        if isinstance(value, PixCoord) and not np.all(np.isfinite([value.x, value.y])):
            raise HifredError(
                f"region {name!r} must lie in the field; it lies on the far side of "
                "the sky, or its place is no number."
            )
        if isinstance(value, int | float | Quantity) and not np.isfinite(value):
            raise HifredError(
                f"region {name!r} must have sizes that are numbers; got a {key} of "
                f"{value}."
            )


def _check_extent(shape: PixelRegion, name: str) -> None:
    if isinstance(shape, PolygonPixelRegion) and np.size(shape.vertices.x) < 3:
        raise HifredError(
            f"region {name!r} must have at least 3 vertices; got "
            f"{np.size(shape.vertices.x)}."
        )
    box = shape.bounding_box
    if max(box.shape) > WIDEST_SHAPE:
        raise HifredError(
            f"region {name!r} must span at most {WIDEST_SHAPE} pixels; it spans "
            f"{max(box.shape)}. Are its sizes in arcsec?"
        )


def shares(shape: PixelRegion, image_shape: tuple[int, int]) -> np.ndarray:
    """Return which share of each pixel (y, x) a shape covers, by exact overlap."""
    if isinstance(shape, RINGS):
        outer, inner = rims(shape)
        return shares(outer, image_shape) - shares(inner, image_shape)
    if isinstance(shape, CURVED):
        image = shape.to_mask(mode="exact").to_image(image_shape)
        return np.zeros(image_shape) if image is None else np.asarray(image)
    rows, columns = np.indices(image_shape)
    covered = area_in_pixels(outline(shape), rows.ravel(), columns.ravel())
    return covered.reshape(image_shape)


def area_in_pixels(
    geometry: shapely.Geometry, rows: np.ndarray, columns: np.ndarray
) -> np.ndarray:
    """Return the area (n,) that a geometry shares with pixels, in pixels."""
    pixels = shapely.box(columns - 0.5, rows - 0.5, columns + 0.5, rows + 0.5)
    shapely.prepare(geometry)
    near = shapely.intersects(geometry, pixels)
    area = np.zeros(len(pixels))
    area[near] = shapely.area(shapely.intersection(geometry, pixels[near]))
    return area


def outline(shape: PixelRegion, tolerance: float = CURVE_TOLERANCE) -> shapely.Geometry:
    """Return a shape as a polygon in pixel coordinates (x, y).

    Parameters
    ----------
    shape : PixelRegion
    tolerance : float, pixels
        Curves become chords within it, which enclose the area of the curve.
    """
    if isinstance(shape, RINGS):
        outer, inner = (outline(rim, tolerance) for rim in rims(shape))
        return outer.difference(inner)
    if isinstance(shape, CirclePixelRegion):
        size = (shape.radius, shape.radius)
        return _ellipse(shape.center.xy, size, 0.0, tolerance)
    if isinstance(shape, EllipsePixelRegion):
        size = (shape.width / 2, shape.height / 2)
        return _ellipse(shape.center.xy, size, shape.angle.to_value("rad"), tolerance)
    if isinstance(shape, RectanglePixelRegion):
        shape = shape.to_polygon()
    return shapely.Polygon(np.column_stack(shape.vertices.xy))


def rims(ring: PixelRegion) -> tuple[PixelRegion, PixelRegion]:
    """Return the outer and the inner shape of an annulus."""
    if isinstance(ring, CircleAnnulusPixelRegion):
        outer, inner = ring.outer_radius, ring.inner_radius
        return tuple(CirclePixelRegion(ring.center, r) for r in (outer, inner))
    is_ellipse = isinstance(ring, EllipseAnnulusPixelRegion)
    simple = EllipsePixelRegion if is_ellipse else RectanglePixelRegion
    outer = (ring.outer_width, ring.outer_height)
    inner = (ring.inner_width, ring.inner_height)
    return tuple(simple(ring.center, *size, ring.angle) for size in (outer, inner))


def _ellipse(
    centre: tuple[float, float],
    size: tuple[float, float],
    angle: float,
    tolerance: float,
) -> shapely.Polygon:
    n = max(8, int(np.ceil(np.pi * np.sqrt(max(size) / (2 * tolerance)))))
    t = np.linspace(0, 2 * np.pi, n, endpoint=False)
    swell = np.sqrt((t[1] - t[0]) / np.sin(t[1] - t[0]))
    x, y = size[0] * swell * np.cos(t), size[1] * swell * np.sin(t)
    turned = (
        centre[0] + x * np.cos(angle) - y * np.sin(angle),
        centre[1] + x * np.sin(angle) + y * np.cos(angle),
    )
    return shapely.Polygon(np.column_stack(turned))
