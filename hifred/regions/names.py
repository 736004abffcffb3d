"""The names of regions, from what a file says of their shapes."""

from collections.abc import Iterable

import regions


def named_shapes(shapes: Iterable[regions.Region]) -> dict[str, list[regions.Region]]:
    """Return shapes by name, in their order; shapes of one name together.

    A name is the shape's text, else its first tag, else its number. The rings of one
    annulus are regions of their own: ``name-1``, ``name-2`` from within.
    """
    named: dict[str, list[regions.Region]] = {}
    pairs = _written_names(shapes)
    taken = {name for name, _ in pairs}
    for number, (name, shape) in enumerate(pairs, start=1):
        numbered = f"region-{number}"
        while numbered in taken:
            numbered += "'"
        named.setdefault(name or numbered, []).append(shape)
    return named


def _written_names(
    shapes: Iterable[regions.Region],
) -> list[tuple[str, regions.Region]]:
    shapes = list(shapes)
    written = [_written_name(shape) for shape in shapes]
    pairs = []
    ring = 1
    for i, shape in enumerate(shapes):
        ring = ring + 1 if i and _surrounds(shape, shapes[i - 1]) else 1
        inside_others = i + 1 < len(shapes) and _surrounds(shapes[i + 1], shape)
        is_of_several = written[i] and (ring > 1 or inside_others)
        pairs.append((f"{written[i]}-{ring}" if is_of_several else written[i], shape))
    return pairs


def _written_name(shape: regions.Region) -> str:
    text = str(shape.meta.get("text", "")).strip()
    tags = [str(tag).strip() for tag in shape.meta.get("tag", [])]
    return text or next(filter(None, tags), "")


def _surrounds(shape: regions.Region, other: regions.Region) -> bool:
    """Whether a shape is the next ring of the annulus that `other` is one of."""
    inner = _size(shape, "inner")
    return (
        type(shape) is type(other)
        and inner is not None
        and bool(inner == _size(other, "outer"))
        and _written_name(shape) == _written_name(other)
    )


def _size(shape: regions.Region, edge: str) -> object:
    return getattr(shape, f"{edge}_radius", getattr(shape, f"{edge}_width", None))
