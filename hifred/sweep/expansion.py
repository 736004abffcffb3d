"""From a declaration to its list of trials: product, zip, exclude, union."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, final

from hifred.errors import SettingsError, unknown_name
from hifred.sweep.canonical import canonical, canonical_json
from hifred.sweep.declaration import Declaration
from hifred.sweep.kernel import Kernel, check_path
from hifred.sweep.values import swept_values
from hifred.sweep.where import matches, read_where

GRID_KEYS = ("zip", "exclude", "models", "seed", "warm_start")


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
    settings: Mapping[str, Any]
    seed: int
    after: "Point | None" = None

    @property
    def key(self) -> str:
        """Return a text that is the same for the same trial."""
        chain = None if self.after is None else self.after.key
        return canonical_json([self.model, self.settings, self.seed, chain])


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


def expand(declaration: Declaration, kernel: Kernel) -> Expansion:
    """Return the trials that `declaration` stands for.

    Raises
    ------
    SettingsError
        If a setting is unknown or wrong, or nothing is left to do.
    """
    kept: dict[str, Point] = {}
    declared = excluded = 0
    for number, grid in enumerate(declaration.grids, start=1):
        try:
            points, dropped = _expand_grid(declaration, grid, kernel)
        except SettingsError as error:
            raise SettingsError(f"[[grid]] {number}: {error}") from error
        declared += len(points)
        excluded += dropped
        for point in points:
            kept.setdefault(point.key, point)
    if not kept:
        raise SettingsError(
            f"a sweep must have at least one trial; all {excluded} are excluded."
        )
    return Expansion(list(kept.values()), declared, excluded)


def _expand_grid(
    declaration: Declaration, grid: Mapping[str, Any], kernel: Kernel
) -> tuple[list[Point], int]:
    if not isinstance(grid, Mapping):
        raise SettingsError(f"a grid must be a table; got {grid!r}.")
    shared = _shared_settings(declaration)
    path_name = grid.get("warm_start", shared.pop("warm_start", None))
    if path_name:
        check_path(kernel, path_name)
    points: list[Point] = []
    dropped = 0
    for model, seed, own in _combinations(declaration, grid):
        if _is_excluded({"model": model, "seed": seed, **shared, **own}, grid):
            dropped += 1
            continue
        settings = canonical(kernel.active({**shared, **own}))
        points.append(Point(model, settings, seed))
    return (_chained(points, path_name) if path_name else points), dropped


def _shared_settings(declaration: Declaration) -> dict[str, Any]:
    shared = dict(declaration.solver)
    if "name" in shared:
        shared["solver"] = shared.pop("name")
    if declaration.metrics:
        shared["metrics"] = dict(declaration.metrics)
    return shared


def _combinations(
    declaration: Declaration, grid: Mapping[str, Any]
) -> Iterator[tuple[str, int, dict[str, Any]]]:
    models = _chosen_models(declaration, grid.get("models"))
    seeds = swept_values("seed", grid.get("seed", declaration.seed))
    swept = [
        [{name: value} for value in swept_values(name, given)]
        for name, given in grid.items()
        if name not in GRID_KEYS
    ]
    zipped = [_zipped(table) for table in _as_tables("zip", grid.get("zip", []))]
    for model, seed in itertools.product(models, seeds):
        for parts in itertools.product(*swept, *zipped):
            yield model, seed, {k: v for part in parts for k, v in part.items()}


def _chosen_models(declaration: Declaration, names: Any) -> list[str]:
    if names is None:
        return list(declaration.models)
    chosen = [names] if isinstance(names, str) else list(names)
    for name in chosen:
        if name not in declaration.models:
            raise unknown_name("model", str(name), declaration.models)
    return chosen


def _as_tables(name: str, given: Any) -> list[Any]:
    tables = [given] if isinstance(given, Mapping | str) else list(given)
    if not all(isinstance(table, Mapping | str) for table in tables):
        raise SettingsError(f"{name} must be a table or a list of tables; got {given}.")
    return tables


def _zipped(table: Mapping[str, Any]) -> list[dict[str, Any]]:
    columns = {name: swept_values(name, given) for name, given in table.items()}
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) != 1:
        raise SettingsError(
            f"zip must have lists of one length; got "
            f"{', '.join(f'{name}: {n}' for name, n in lengths.items())}."
        )
    rows = zip(*columns.values(), strict=True)
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _is_excluded(values: Mapping[str, Any], grid: Mapping[str, Any]) -> bool:
    return any(
        matches(read_where(rule), values)
        if isinstance(rule, str)
        else _agrees(rule, values)
        for rule in _as_tables("exclude", grid.get("exclude", []))
    )


def _agrees(rule: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    unknown = [name for name in rule if name not in values]
    if unknown:
        raise unknown_name("key in exclude", unknown[0], values)
    return all(values[name] in swept_values(name, rule[name]) for name in rule)


def _chained(points: list[Point], name: str) -> list[Point]:
    """Let each trial start from its neighbour with the next larger `name`.

    Raises
    ------
    SettingsError
        If no trial has a number there.
    """
    paths: dict[str, list[Point]] = {}
    alone: list[Point] = []
    for point in points:
        if not isinstance(point.settings.get(name), int | float):
            alone.append(point)
            continue
        rest = {k: v for k, v in point.settings.items() if k != name}
        key = canonical_json([point.model, rest, point.seed])
        paths.setdefault(key, []).append(point)
    if points and not paths:
        raise SettingsError(
            f"warm_start must name a setting with numbers to follow, such as 'mu'; got "
            f"{name!r}, which no trial of this grid has."
        )
    chained: list[Point] = []
    for path in paths.values():
        before = None
        for point in sorted(path, key=lambda p: -p.settings[name]):
            before = Point(point.model, point.settings, point.seed, before)
            chained.append(before)
    return chained + alone
