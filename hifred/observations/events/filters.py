"""Which events of a list are good: declared per column, never executed."""

from collections.abc import Mapping
from typing import Any, TypeAlias, final

import numpy as np
from pydantic import Field

from hifred.errors import SettingsError
from hifred.observations.events.expression import Expression
from hifred.observations.formats.fits_tables import FitsTable
from hifred.settings import Number, Place, Whole, read_settings, settings


@final
@settings
class ColumnFilter:
    """Conditions on one column; an event must meet all that are given."""

    minimum: Number | None = Field(default=None, description="Inclusive range.")
    maximum: Number | None = Field(default=None, description="Inclusive range.")
    among: tuple[Whole, ...] | None = Field(
        default=None,
        description="Accepted values, such as (0, 2, 3, 4, 6) for ASCA grades.",
    )
    exclude: tuple[Whole, ...] | None = Field(
        default=None,
        description="All values but these, such as (12, 27) for PIXEL of Resolve.",
    )
    bits_unset: Whole | None = Field(
        default=None,
        description="Every bit that is set in this mask must be 0, as in #XMMEA_EM.",
    )

    def accepts(self, values: np.ndarray) -> np.ndarray:
        """Return which of the `values` (event,) meet the conditions; no NaN does."""
        good = np.isfinite(values)
        if self.minimum is not None:
            good &= values >= self.minimum
        if self.maximum is not None:
            good &= values <= self.maximum
        if self.among is not None:
            good &= np.isin(values, self.among)
        if self.exclude is not None:
            good &= ~np.isin(values, self.exclude)
        if self.bits_unset is not None:
            bits = np.where(np.isfinite(values), values, 0).astype(np.int64)
            good &= (bits & self.bits_unset) == 0
        return good

    def told(self, column: str) -> str:
        """Return the conditions on a column in words, such as ``PATTERN <= 12``."""
        parts = [
            None if self.minimum is None else f"{column} >= {self.minimum:g}",
            None if self.maximum is None else f"{column} <= {self.maximum:g}",
            None if self.among is None else f"{column} in {_listed(self.among)}",
            None if self.exclude is None else f"{column} not {_listed(self.exclude)}",
            None if self.bits_unset is None
            else f"{column} & {self.bits_unset:#x} == 0",
        ]  # fmt: skip
        return " and ".join(part for part in parts if part)


def _listed(values: tuple[int, ...]) -> str:
    return ", ".join(str(value) for value in values)


def parse_filters(declared: Mapping[str, Mapping[str, Any]]) -> dict[str, ColumnFilter]:
    """Return filters from their TOML form, ``{PATTERN = {maximum = 12}}``.

    Raises
    ------
    SettingsError
        If a condition is unknown, empty or of the wrong type.
    """
    return {column: _parse(column, entry) for column, entry in declared.items()}


def _parse(column: str, entry: Mapping[str, Any]) -> ColumnFilter:
    if not isinstance(entry, Mapping) or not entry:
        raise SettingsError(
            f"the filter on {column} must be a table such as {{ maximum = 12 }}; got "
            f"{entry!r}."
        )
    return read_settings(ColumnFilter, entry, Place(table=f"filters.{column}"))


Condition: TypeAlias = ColumnFilter | Expression


def alone(
    filters: Mapping[str, Condition],
) -> list[tuple[frozenset[str], str, Condition]]:
    """Return what must all hold, one by one: columns, name and condition.

    An expression is taken apart at its ``&&``.
    """
    found: list[tuple[frozenset[str], str, Condition]] = []
    for name, condition in filters.items():
        if isinstance(condition, Expression):
            found += [(part.columns, str(part), part) for part in condition.parts]
        else:
            found.append((frozenset({name.upper()}), name, condition))
    return found


def told(name: str, condition: Condition) -> str:
    """Return a condition in words."""
    return str(condition) if isinstance(condition, Expression) else condition.told(name)


def meets(table: FitsTable, name: str, condition: Condition) -> np.ndarray:
    """Return which rows (event,) of an event list meet one condition.

    Raises
    ------
    FitsFormatError
        If a column is missing.
    """
    if isinstance(condition, Expression):
        return condition.accepts(table)
    return condition.accepts(_one_dimensional(table, name))


def _one_dimensional(table: FitsTable, column: str) -> np.ndarray:
    values = table.values(column)
    if values.ndim == 1 or values.dtype.kind != "b":
        return table.numbers_or_nan(column)
    # Chandra's STATUS is a vector of bits (32X): the first is the most significant.
    weights = 1 << np.arange(values.shape[1] - 1, -1, -1, dtype=np.int64)
    return np.asarray(values.astype(np.int64) @ weights)
