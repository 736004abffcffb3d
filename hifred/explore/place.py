"""Where spectra are taken: a pixel, a rectangle of pixels, or a shape."""

from collections.abc import Iterable
from itertools import count

import numpy as np

from hifred.explore.drawn_shape import Shape
from hifred.plots.layers import Layer
from hifred.plots.regions import Region

Place = Region | Shape


def place_text(place: Place) -> str:
    """Return a place as an address holds it."""
    if isinstance(place, Shape):
        return place.text
    numbers = (*place.y_range, *place.x_range)
    return " ".join(f"{number:.9g}" for number in numbers)


def read_place(text: str) -> Place | None:
    """Return the place that an address names; None where it names none."""
    if (shape := Shape.read(text)) is not None:
        return shape
    try:
        bottom, top, left, right = (float(word) for word in text.split())
    except ValueError:
        return None
    if not np.isfinite((bottom, top, left, right)).all():
        return None
    return Region((bottom, top), (left, right))


def place_words(place: Place) -> str:
    """Return a place for a title."""
    return place.words if isinstance(place, Shape) else place.text()


def pixels_of(place: Place, layer: Layer) -> Region | np.ndarray:
    """Return what a layer sums for a place: rows and columns, or shares of pixels.

    Raises
    ------
    HifredError
        If a shape lies beyond the layer.
    """
    return place.shares(layer) if isinstance(place, Shape) else place


def shares_of(place: Place, layer: Layer) -> np.ndarray:
    """Return which share of each pixel (y, x) a layer sums for a place.

    Raises
    ------
    HifredError
        If a shape lies beyond the layer.
    """
    pixels = pixels_of(place, layer)
    if isinstance(pixels, np.ndarray):
        return pixels
    shares = np.zeros((layer.y.size, layer.x.size))
    shares[pixels.slices(layer.y, layer.x)] = 1.0
    return shares


def shapes_text(shapes: Iterable[tuple[str, Shape]]) -> str:
    """Return names and shapes as an address holds them, one a line.

    Blanks stand for what else is white in names.
    """
    return "\n".join(
        f"{shape.text} # {' '.join(name.split())}" for name, shape in shapes
    )


def read_named_shapes(text: str) -> dict[str, Shape]:
    """Return the shapes that an address names; lines that name none are left out.

    Of several shapes of one name, the second is called ``NAME (2)``, or by the next
    number that no other has.
    """
    pairs = _named_shapes(text)
    written = {name for name, _ in pairs}
    found: dict[str, Shape] = {}
    for name, shape in pairs:
        numbered = (f"{name} ({n})" for n in count(2))
        free = (each for each in numbered if each not in written | found.keys())
        found[next(free) if name in found else name] = shape
    return found


def have_shared_names(text: str) -> bool:
    """Whether an address gives several shapes one name: one region of their file."""
    names = [name for name, _ in _named_shapes(text)]
    return len(set(names)) < len(names)


def _named_shapes(text: str) -> list[tuple[str, Shape]]:
    parts = [line.partition(" # ") for line in text.split("\n")]
    shapes = [(name, Shape.read(shape)) for shape, _, name in parts]
    return [(name, shape) for name, shape in shapes if shape is not None]


def shape_of(place: Place, layer: Layer) -> Shape:
    """Return a place as a shape; a pixel with its own sides on a layer."""
    if isinstance(place, Shape):
        return place
    if place.is_pixel:
        rows, columns = place.slices(layer.y, layer.x)
        y, x = layer.y[rows.start], layer.x[columns.start]
        return Shape("box", (float(x), float(y), *layer.pixel_sides[::-1]))
    y, x = place.centre
    height = abs(place.y_range[1] - place.y_range[0])
    width = abs(place.x_range[1] - place.x_range[0])
    return Shape("box", (x, y, width, height))


def moved(place: Place, x: float, y: float) -> Place:
    """Return a place moved by an offset, arcsec."""
    if isinstance(place, Shape):
        return place.moved(x, y)
    (bottom, top), (left, right) = place.y_range, place.x_range
    return Region((bottom + y, top + y), (left + x, right + x))
