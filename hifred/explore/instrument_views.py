"""The names of the views of instruments: one for each, however many share a role."""

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TypeVar

from hifred.plots.layers import Layer
from hifred.plots.style import ROLE_COLOURS, SPARE_COLOURS

ROLES = ("imager", "spectrometer")
FUSIONS = ("fusion", "second_fusion")
TITLES = dict(zip(FUSIONS, ("fusion A", "fusion B"), strict=True))

V = TypeVar("V")


def numbered(roles: Iterable[str]) -> list[str]:
    """Return the view of each instrument: its role, with a number from the second on.

    They are names of variables in the page too: those of instruments need not be.
    """
    seen: Counter[str] = Counter()
    views = []
    for role in roles:
        seen[role] += 1
        views.append(role if seen[role] == 1 else f"{role}_{seen[role]}")
    return views


def by_view(counts: Mapping[str, Layer], values: Mapping[str, V]) -> dict[str, V]:
    """Return what belongs to instruments by view, not by instrument."""
    views = numbered(layer.role for layer in counts.values())
    return {view: values[name] for view, name in zip(views, counts, strict=True)}


def instrument_views(inputs: Iterable[Iterable[str]]) -> tuple[str, ...]:
    """Return the views that the roles in every input need, imagers first.

    There is one of each role at least: it says so where there is no such instrument.
    """
    most: Counter[str] = Counter(ROLES)
    for roles in inputs:
        most |= Counter(roles)
    return tuple(numbered(role for role in ROLES for _ in range(most[role])))


def view_titles(layers: Mapping[str, Layer | str]) -> dict[str, str]:
    """Return what views are called: by the instrument where several share a role."""
    roles = Counter(layer.role for layer in layers.values() if isinstance(layer, Layer))
    return {
        view: layer.label.removesuffix(f" ({layer.role})")
        if isinstance(layer, Layer) and view not in FUSIONS and roles[layer.role] > 1
        else TITLES.get(view, words_of(view))
        for view, layer in layers.items()
    }


def words_of(view: str) -> str:
    """Return the name of a view as words."""
    return view.replace("_", " ")


def view_colours(views: Iterable[str]) -> dict[str, str]:
    """Return the colour of each view: that of its role, else one to spare.

    Spectrometers come first: drawn later, their many bins would hide an imager's few.
    """
    spare = itertools.cycle(SPARE_COLOURS)
    ordered = sorted(views, key=lambda view: not view.startswith("spectrometer"))
    return {view: ROLE_COLOURS.get(view) or next(spare) for view in ordered}
