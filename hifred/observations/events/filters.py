"""Which events of a list are good: declared per column, never executed."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeAlias, final

import numpy as np
from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from hifred.errors import SettingsError, unknown_name
from hifred.observations.events.expression import Expression
from hifred.observations.formats.fits_tables import FitsTable


@final
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class ColumnFilter:
    """Conditions on one column; an event must meet all that are given.

    Parameters
    ----------
    minimum, maximum : float, optional
        Inclusive range.
    among : tuple of int, optional
        Accepted values, such as ``(0, 2, 3, 4, 6)`` for ASCA grades.
    exclude : tuple of int, optional
        All values but these, such as ``(12, 27)`` for PIXEL of Resolve.
    bits_unset : int, optional
        Every bit that is set in this mask must be 0, as in ``#XMMEA_EM``.
    """

    minimum: float | None = None
    maximum: float | None = None
    among: tuple[int, ...] | None = None
    exclude: tuple[int, ...] | None = None
    bits_unset: int | None = None

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
    names = [f.name for f in fields(ColumnFilter)]
    for key in entry:
        if key not in names:
            raise unknown_name(f"condition in the filter on {column}", key, names)
    try:
        return TypeAdapter(ColumnFilter).validate_python(dict(entry))
    except ValidationError as error:
        first = error.errors()[0]
        raise SettingsError(
            f"the filter on {column} must be valid; {first['loc'][0]} got "
            f"{first['input']!r}: {first['msg']}."
        ) from error


Condition: TypeAlias = ColumnFilter | Expression


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
    if values.ndim == 1:
        return values
    # Chandra's STATUS is a vector of bits (32X): the first is the most significant.
    weights = 1 << np.arange(values.shape[1] - 1, -1, -1, dtype=np.int64)
    return np.asarray(values.astype(np.int64) @ weights)
