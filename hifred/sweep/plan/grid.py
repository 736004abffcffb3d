"""One ``[[grid]]``, checked and counted before it is expanded."""

import itertools
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Self, TypeVar, final

from pydantic import BeforeValidator, Field

from hifred.errors import SettingsError, unknown_name
from hifred.settings import Text, Word, read_settings, settings
from hifred.settings.fields import fields_of
from hifred.settings.kinds import Seed
from hifred.sweep.plan.declaration import Declaration
from hifred.sweep.plan.values import count_values, swept_values
from hifred.sweep.plan.where import Condition, check_conditions, matches, read_where

# More can be neither kept in memory nor looked at: a plan is one file.
MOST_TRIALS = 1_000_000

T = TypeVar("T")
Table = dict[str, object]
Values = Mapping[str, object]


def _seeds(given: object) -> object:
    _check_count({"seed": count_values("seed", given)})
    return tuple(swept_values("seed", given))


@final
@settings
class GridKeys:
    """What a ``[[grid]]`` says beside the settings that it sweeps."""

    models: Text | tuple[Text, ...] | None = Field(
        default=None,
        description="Only these models; left out: all.",
        examples=[["remnant"]],
    )
    seed: Annotated[tuple[Seed, ...], BeforeValidator(_seeds)] | None = Field(
        default=None,
        description="Seeds of the trials; left out: that of the sweep.",
        examples=[[1, 2, 3]],
    )
    zip: Table | tuple[Table, ...] = Field(
        default=(),
        description="Values that go together.",
        examples=[{"mu": [1e-5, 1e-4], "rank": [5, 10]}],
    )
    exclude: Text | Table | tuple[Text | Table, ...] = Field(
        default=(),
        description="Combinations that are left out: conditions or tables.",
        examples=[["rank >= 10 and mu < 0.00001"]],
    )
    warm_start: Word | None = Field(
        default=None,
        description="Start each trial from its neighbour with the next larger value of "
        "this setting, in order; after one that fails, they wait.",
        examples=["mu"],
    )


@final
@dataclass(frozen=True)
class Grid:
    """What one ``[[grid]]`` asks for, checked as far as no kernel is needed.

    Parameters
    ----------
    models : tuple of str
    seeds : tuple of int
    shared : mapping
        Settings with one value for all trials.
    swept : mapping
        Setting to its value, list or range.
    zipped : sequence of mappings
        Settings whose values go together.
    conditions : sequence of lists of Condition
        A trial for which one list holds is left out.
    tables : sequence of mappings
        So is one that agrees with one of these.
    path : str or None
        The setting along which trials start from each other.
    """

    models: tuple[str, ...]
    seeds: tuple[int, ...]
    shared: Values
    swept: Values
    zipped: Sequence[Values]
    conditions: Sequence[Sequence[Condition]]
    tables: Sequence[Values]
    path: str | None

    @classmethod
    def read(cls, table: Values, declaration: Declaration) -> Self:
        """Read and check a grid of `declaration`; nothing is expanded.

        Raises
        ------
        SettingsError
            If a key or value is wrong, or there are more than `MOST_TRIALS` trials.
        """
        shared = _shared_settings(declaration)
        names = fields_of(GridKeys)
        path = shared.pop("warm_start", None)
        own = {k: v for k, v in table.items() if k in names}
        keys = read_settings(GridKeys, {"warm_start": path} | own)
        rules: list[str | Table] = _listed(keys.exclude)
        grid = cls(
            models=_chosen_models(declaration, keys.models),
            seeds=(declaration.seed,) if keys.seed is None else keys.seed,
            shared=shared,
            swept={k: v for k, v in table.items() if k not in names},
            zipped=_listed(keys.zip),
            conditions=[read_where(rule) for rule in rules if isinstance(rule, str)],
            tables=[rule for rule in rules if not isinstance(rule, str)],
            path=keys.warm_start,
        )
        grid._check()
        return grid

    @property
    def counts(self) -> dict[str, int]:
        """Return how many values each factor of the product has."""
        zipped = {" with ".join(t): _zip_length(t) for t in self.zipped}
        swept = {name: count_values(name, given) for name, given in self.swept.items()}
        return {"model": len(self.models), "seed": len(self.seeds), **swept, **zipped}

    @property
    def n_trials(self) -> int:
        """Return how many trials the product has, the excluded ones among them."""
        return math.prod(self.counts.values())

    def combinations(self) -> Iterator[tuple[str, int, dict[str, object]]]:
        """Yield model, seed and settings of every trial that is not excluded."""
        swept = [
            [{name: value} for value in swept_values(name, given)]
            for name, given in self.swept.items()
        ]
        zipped = [_zipped(table) for table in self.zipped]
        for model, seed in itertools.product(self.models, self.seeds):
            for parts in itertools.product(*swept, *zipped):
                own = {k: v for part in parts for k, v in part.items()}
                settings = {**self.shared, **own}
                if not self._excludes({"model": model, "seed": seed, **settings}):
                    yield model, seed, settings

    def without_shared(self, settings: Values) -> dict[str, Values]:
        """Return settings of a trial without those of each table that grids share."""
        own = {*self.swept, *(name for table in self.zipped for name in table)}
        shared = set(self.shared) - own
        tables = {"solver": shared - {"metrics"}, "metrics": shared & {"metrics"}}
        return {
            table: {k: v for k, v in settings.items() if k not in names}
            for table, names in tables.items()
            if names
        }

    def _excludes(self, values: Values) -> bool:
        return any(matches(rule, values) for rule in self.conditions) or any(
            _agrees(rule, values) for rule in self.tables
        )

    def _check(self) -> None:
        named = Counter([*self.swept, *(name for t in self.zipped for name in t)])
        for name, number in named.items():
            if number > 1:
                raise SettingsError(f"{name} must be swept once; got {number} times.")
        _check_count(self.counts)
        known = self._known_values()
        if not all([*self.conditions, *self.tables]):
            raise SettingsError(
                "exclude must have conditions; an empty one takes out every trial. "
                'Write, say, exclude = "rank > 8", or leave it out.'
            )
        for conditions in self.conditions:
            check_conditions(conditions, known, "exclude")
        for rule in self.tables:
            _check_rule(rule, known)

    def _known_values(self) -> dict[str, Sequence[object]]:
        given = {k: v for t in (self.swept, *self.zipped) for k, v in t.items()}
        return {
            "model": self.models,
            "seed": self.seeds,
            **{name: [value] for name, value in self.shared.items()},
            **{name: swept_values(name, value) for name, value in given.items()},
        }


def _check_count(counts: Mapping[str, int]) -> None:
    total = math.prod(counts.values())
    if total > MOST_TRIALS:
        factors = " x ".join(f"{n:,} {name}" for name, n in counts.items() if n != 1)
        raise SettingsError(
            f"a sweep must have at most {MOST_TRIALS:,} trials; got {total:,} "
            f"({factors}). Take fewer values, or several sweeps."
        )


def read_path(solver: Values) -> None:
    """Check what the ``[solver]`` table says of the path of every grid's trials."""
    read_settings(GridKeys, {k: v for k, v in solver.items() if k == "warm_start"})


def _shared_settings(declaration: Declaration) -> dict[str, object]:
    shared = dict(declaration.solver)
    if "name" in shared:
        shared["solver"] = shared.pop("name")
    if declaration.metrics:
        shared["metrics"] = dict(declaration.metrics)
    return shared


def _chosen_models(
    declaration: Declaration, names: str | tuple[str, ...] | None
) -> tuple[str, ...]:
    if names is None:
        return tuple(declaration.models)
    chosen = (names,) if isinstance(names, str) else names
    for name in chosen:
        if name not in declaration.models:
            raise unknown_name("model", name, declaration.models)
    if not chosen:
        raise SettingsError("models must name at least one model; got none.")
    return chosen


def _listed(given: T | tuple[T, ...]) -> list[T]:
    return list(given) if isinstance(given, tuple) else [given]


def _zip_length(table: Values) -> int:
    lengths = {name: count_values(name, given) for name, given in table.items()}
    if len(set(lengths.values())) != 1:
        found = ", ".join(f"{name}: {n}" for name, n in lengths.items())
        raise SettingsError(
            f"zip must have lists of one length; got {found or 'no list'}."
        )
    return next(iter(lengths.values()))


def _zipped(table: Values) -> list[dict[str, object]]:
    columns = [swept_values(name, given) for name, given in table.items()]
    return [dict(zip(table, row, strict=True)) for row in zip(*columns, strict=True)]


def _check_rule(rule: Values, known: Mapping[str, Sequence[object]]) -> None:
    for name, given in rule.items():
        if name not in known:
            raise unknown_name("key in exclude", name, known)
        texts = {value for value in known[name] if isinstance(value, str)}
        for value in swept_values(name, given):
            if texts and isinstance(value, str) and value not in texts:
                raise unknown_name(f"{name} in exclude", value, texts)
            if texts.issuperset(known[name]) and not isinstance(value, str):
                raise SettingsError(
                    f"{name} in exclude must be a text; got {value!r}. "
                    f"Write, say, {name} = {min(texts)!r}."
                )


def _agrees(rule: Values, values: Values) -> bool:
    return all(values[name] in swept_values(name, rule[name]) for name in rule)
