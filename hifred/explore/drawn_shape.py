"""Shapes that are drawn on the maps, or read from a file: circle, ellipse, polygon."""

import re
from dataclasses import dataclass
from typing import Self, final

import numpy as np

from hifred.errors import HifredError
from hifred.observations.geometry.pixel_grid import tangent_grid
from hifred.plots.layers import Layer
from hifred.plots.regions import Region
from hifred.regions import (
    SkyField,
    SkyRegion,
    parse_regions,
    region_of,
    regions_text,
)
from hifred.regions.shapes import on_pixels

# How many numbers each kind has that is a position or a length, or None for any.
KINDS = {"circle": 3, "ellipse": 4, "box": 4, "polygon": None}
_SHAPE = re.compile(r"(circle|ellipse|box|polygon)\(([^)]*)\)")


@final
@dataclass(frozen=True)
class Shape:
    """A shape in offsets, as DS9 has it: x before y.

    Parameters
    ----------
    kind : str
        circle, ellipse, box or polygon.
    numbers : tuple of float, arcsec
        circle: x, y, radius; ellipse: x, y, half axes; box: x, y, sides; polygon: x
        and y of each corner.
    angle : float, degrees
        By which an ellipse or a box is turned, from x towards y.
    """

    kind: str
    numbers: tuple[float, ...]
    angle: float = 0.0

    @classmethod
    def within(cls, kind: str, region: Region) -> Self:
        """Return the circle or ellipse that fills a rectangle."""
        (bottom, top), (left, right) = region.y_range, region.x_range
        centre = (left + right) / 2, (bottom + top) / 2
        halves = abs(right - left) / 2, abs(top - bottom) / 2
        if kind == "circle":
            return cls(kind, (*centre, min(halves)))
        return cls(kind, (*centre, *halves))

    @classmethod
    def read(cls, text: str) -> Self | None:
        """Return the shape that an address names; None if it names none."""
        words = text.split()
        if not words or words[0] not in KINDS:
            return None
        try:
            *numbers, angle = (float(word) for word in words[1:])
        except ValueError:
            return None
        is_whole = _is_count(len(numbers), words[0]) and np.isfinite(angle)
        if not is_whole or not np.isfinite(numbers).all():
            return None
        return cls(words[0], tuple(numbers), angle)

    @property
    def text(self) -> str:
        """The shape as an address holds it."""
        numbers = [f"{number:.9g}" for number in (*self.numbers, self.angle)]
        return " ".join([self.kind, *numbers])

    @property
    def words(self) -> str:
        """The shape for a title."""
        x, y = self.centre
        size = f", {self.numbers[2]:.3g}″" if self.kind == "circle" else ""
        return f"{self.kind} at x = {x:.4g}, y = {y:.4g} arcsec{size}"

    @property
    def centre(self) -> tuple[float, float]:
        """Middle, ``(x, y)`` in arcsec; of a polygon, the mean corner."""
        if self.kind != "polygon":
            return self.numbers[0], self.numbers[1]
        x, y = np.reshape(self.numbers, (-1, 2)).mean(axis=0)
        return float(x), float(y)

    def moved(self, x: float, y: float) -> Self:
        """Return the shape moved by an offset, arcsec."""
        n_positions = len(self.numbers) if self.kind == "polygon" else 2
        moved = [
            number + (x, y)[i % 2] * (i < n_positions)
            for i, number in enumerate(self.numbers)
        ]
        return type(self)(self.kind, tuple(moved), self.angle)

    def shares(self, layer: Layer) -> np.ndarray:
        """Return which share of each pixel of a layer lies in the shape, (y, x).

        Raises
        ------
        HifredError
            If the shape has no area or lies beyond the layer.
        """
        (region,) = parse_regions(
            f"image\n{self.on_pixels(layer)}", _field(layer), source="the shape"
        )
        return region.weights.to_numpy()

    def outline(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the x and y of a closed line around the shape, arcsec."""
        if self.kind == "polygon":
            corners = np.reshape(self.numbers, (-1, 2))
            return corners[[*range(len(corners)), 0]].T[0], _closed(corners[:, 1])
        x, y = self._around()
        turn = np.radians(self.angle)
        return (
            self.numbers[0] + x * np.cos(turn) - y * np.sin(turn),
            self.numbers[1] + x * np.sin(turn) + y * np.cos(turn),
        )

    def _around(self) -> tuple[np.ndarray, np.ndarray]:
        if self.kind == "box":
            half_x, half_y = np.array(self.numbers[2:]) / 2
            return half_x * np.array([-1, 1, 1, -1, -1.0]), half_y * np.array(
                [-1, -1, 1, 1, -1.0]
            )
        phase = np.linspace(0.0, 2 * np.pi, 97)
        half_x, half_y = self.numbers[2], self.numbers[-1]
        return half_x * np.cos(phase), half_y * np.sin(phase)

    def on_pixels(self, layer: Layer) -> str:
        """Return the shape in DS9's pixels of a layer, of which the first is (1, 1)."""
        step = layer.pixel_sides[0]
        origin = float(layer.x[0]), float(layer.y[0])
        n_positions = len(self.numbers) if self.kind == "polygon" else 2
        numbers = [
            (number - origin[i % 2]) / step + 1 if i < n_positions else number / step
            for i, number in enumerate(self.numbers)
        ]
        if self.kind in {"ellipse", "box"}:
            numbers.append(self.angle)
        return f"{self.kind}({','.join(f'{number:.12g}' for number in numbers)})"


def region_file(name: str, shape: Shape, layer: Layer, field: SkyField) -> str:
    """Return the text of a DS9 region file with one shape, at its place on the sky.

    Parameters
    ----------
    name : str
        Of the region.
    shape : Shape
    layer : Layer
        Whose pixels are those of `field`.
    field : SkyField
        With its place on the sky.
    """
    (drawn,) = parse_regions(f"image\n{shape.on_pixels(layer)}", field)
    placed = [pixels.to_sky(field.grid.wcs) for pixels in drawn.shapes]
    return regions_text([region_of(name, placed, field)])


def read_shapes(text: str, layer: Layer, field: SkyField) -> list[tuple[str, Shape]]:
    """Return names and shapes of a DS9 region file, see `region_file`.

    A region with several shapes is there with each of them.
    """
    return [
        (region.name, shape)
        for region in parse_regions(text, field)
        for shape in _shapes_of(region, layer, field)
    ]


def _shapes_of(region: SkyRegion, layer: Layer, field: SkyField) -> list[Shape]:
    """Return the shapes of a region that was read on the pixels of a layer.

    Raises
    ------
    HifredError
        If it has a shape that cannot be drawn here, such as an annulus, or parts that
        are taken out.
    """
    if region.excluded:
        raise HifredError(
            f"region {region.name!r} must be one shape; parts of it are excluded."
        )
    found = [
        _off_pixels(kind, numbers, layer)
        for kind, numbers in _SHAPE.findall(_pixel_text(region, field))
    ]
    if len(found) != len(region.shapes):
        raise HifredError(
            f"region {region.name!r} must be a circle, an ellipse, a box or a polygon."
        )
    return found


def _pixel_text(region: SkyRegion, field: SkyField) -> str:
    """Return a region as text in pixels of the field."""
    shapes = [on_pixels(shape, field.grid.wcs, region.name) for shape in region.shapes]
    return regions_text([region_of(region.name, shapes, field)])


def _off_pixels(kind: str, text: str, layer: Layer) -> Shape:
    numbers = [float(word) for word in text.split(",")]
    angle = numbers.pop() if kind in {"ellipse", "box"} else 0.0
    step = layer.pixel_sides[0]
    origin = float(layer.x[0]), float(layer.y[0])
    n_positions = len(numbers) if kind == "polygon" else 2
    offsets = [
        (number - 1) * step + origin[i % 2] if i < n_positions else number * step
        for i, number in enumerate(numbers)
    ]
    return Shape(kind, tuple(offsets), angle)


def _field(layer: Layer) -> SkyField:
    shape = layer.y.size, layer.x.size
    step = layer.pixel_sides[0]
    grid = tangent_grid(0.0, 0.0, pixel_size_arcsec=step, shape=shape)
    return SkyField(grid, layer.y, layer.x)


def _is_count(n_numbers: int, kind: str) -> bool:
    """Whether a kind of shape has that many numbers."""
    wanted = KINDS[kind]
    if wanted is not None:
        return n_numbers == wanted
    return n_numbers >= 6 and n_numbers % 2 == 0


def _closed(values: np.ndarray) -> np.ndarray:
    return np.append(values, values[:1])
