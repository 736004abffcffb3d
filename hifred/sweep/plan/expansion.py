"""From a declaration to its list of trials: product, zip, exclude, union."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import final

from hifred.errors import SettingsError
from hifred.settings.kinds import is_number
from hifred.sweep.kernels.kernel import Kernel
from hifred.sweep.plan.canonical import canonical_json, canonical_table
from hifred.sweep.plan.declaration import Declaration
from hifred.sweep.plan.grid import MOST_TRIALS, Grid, read_path


@final
@dataclass(frozen=True)
class Point:
    """One trial before its input is known.

    Parameters
    ----------
    model : str
        Name of the model.
    settings : mapping
        The settings that this trial reads.
    seed : int
        Its seed.
    after : Point or None
        The trial whose result it starts from.
    """

    model: str
    settings: Mapping[str, object]
    seed: int
    after: "Point | None" = None

    @cached_property
    def key(self) -> str:
        """Return a digest that is the same for the same trial."""
        chain = None if self.after is None else self.after.key
        text = canonical_json([self.model, self.settings, self.seed, chain])
        return hashlib.sha256(text.encode("utf-8")).hexdigest()


@final
@dataclass(frozen=True)
class Expansion:
    """All trials of a declaration.

    Parameters
    ----------
    points : list of Point
        Each trial once, in the order of the declaration.
    n_declared : int
        Trials before duplicates were dropped.
    n_excluded : int
        Trials that an ``exclude`` took out.
    """

    points: list[Point]
    n_declared: int
    n_excluded: int

    @property
    def n_duplicates(self) -> int:
        """Return how many declared trials compute what another one does."""
        return self.n_declared - len(self.points)


def read_grids(declaration: Declaration) -> list[Grid]:
    """Return the grids of `declaration`, checked and counted but not expanded.

    Raises
    ------
    SettingsError
        If a key or value is wrong, or there are more than `MOST_TRIALS` trials.
    """
    with _named("[solver]"):
        read_path(declaration.solver)
    grids = []
    for number, table in enumerate(declaration.grids, start=1):
        with _named(f"[[grid]] {number}"):
            grids.append(Grid.read(table, declaration))
    total = sum(grid.n_trials for grid in grids)
    if total > MOST_TRIALS:
        raise SettingsError(
            f"a sweep must have at most {MOST_TRIALS:,} trials; got {total:,} in "
            f"{len(grids)} grids. Take fewer values, or several sweeps."
        )
    return grids


def expand(declaration: Declaration, kernel: Kernel) -> Expansion:
    """Return the trials that `declaration` stands for.

    Raises
    ------
    SettingsError
        If a setting is unknown or wrong, or nothing is left to do.
    """
    grids = read_grids(declaration)
    kept: dict[str, Point] = {}
    declared = excluded = 0
    for number, grid in enumerate(grids, start=1):
        points = _points(grid, kernel, f"[[grid]] {number}")
        declared += len(points)
        excluded += grid.n_trials - len(points)
        with _named(_place_of_path(declaration, number)):
            points = _in_order(points, grid.path, kernel)
        for point in points:
            kept.setdefault(point.key, point)
    if not kept:
        raise SettingsError(
            f"a sweep must have at least one trial; all {excluded} are excluded."
        )
    return Expansion(list(kept.values()), declared, excluded)


def _points(grid: Grid, kernel: Kernel, place: str) -> list[Point]:
    return [
        Point(model, canonical_table(_active(grid, kernel, settings, place)), seed)
        for model, seed, settings in grid.combinations()
    ]


def _active(
    grid: Grid, kernel: Kernel, settings: Mapping[str, object], place: str
) -> dict[str, object]:
    try:
        return kernel.active(settings)
    except SettingsError as error:
        told = str(error)
    for table, rest in grid.without_shared(settings).items():
        if _what_is_wrong(kernel, rest) != told:
            place = f"[{table}]"
    raise SettingsError(f"{place}: {told}")


def _what_is_wrong(kernel: Kernel, settings: Mapping[str, object]) -> str:
    try:
        kernel.active(settings)
    except SettingsError as error:
        return str(error)
    return ""


def _in_order(points: list[Point], path: str | None, kernel: Kernel) -> list[Point]:
    if path is None:
        return points
    kernel.check_path(path)
    return _chained(points, path)


def _place_of_path(declaration: Declaration, number: int) -> str:
    is_shared = "warm_start" not in declaration.grids[number - 1]
    return "[solver]" if is_shared else f"[[grid]] {number}"


@contextmanager
def _named(place: str) -> Iterator[None]:
    """Tell in which table something is wrong."""
    try:
        yield
    except SettingsError as error:
        raise SettingsError(f"{place}: {error}") from error


def _chained(points: list[Point], name: str) -> list[Point]:
    """Let each trial start from its neighbour with the next larger `name`.

    Raises
    ------
    SettingsError
        If no trial has a number there.
    """
    paths: dict[str, list[tuple[float, Point]]] = {}
    alone: list[Point] = []
    for point in points:
        value = point.settings.get(name)
        if not is_number(value):
            alone.append(point)
            continue
        rest = {k: v for k, v in point.settings.items() if k != name}
        key = canonical_json([point.model, rest, point.seed])
        paths.setdefault(key, []).append((value, point))
    if points and not paths:
        raise SettingsError(
            f"warm_start must name a setting with numbers to follow, such as 'mu'; got "
            f"{name!r}, which no trial of this grid has."
        )
    chained: list[Point] = []
    for path in paths.values():
        before = None
        for _, point in sorted(path, key=lambda step: -step[0]):
            before = Point(point.model, point.settings, point.seed, before)
            chained.append(before)
    return chained + alone
