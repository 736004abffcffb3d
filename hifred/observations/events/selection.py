"""Which conditions hold for an event list: the telescope's usual ones and one's own."""

from collections.abc import Mapping

import numpy as np

from hifred.observations.events.detectors import named_detector
from hifred.observations.events.expression import Expression
from hifred.observations.events.filters import ColumnFilter, Condition, meets, told
from hifred.observations.formats.fits_tables import FitsTable


def chosen_filters(
    table: FitsTable,
    declared: Mapping[str, ColumnFilter] | str | None,
    *,
    with_usual: bool = True,
) -> dict[str, Condition]:
    """Return the conditions that an event list's rows must meet.

    Parameters
    ----------
    table : FitsTable
    declared : mapping of column to ColumnFilter, str or None
        What the user asks for: per column, or as an expression. An empty mapping keeps
        every event.
    with_usual : bool
        Add the telescope's usual conditions on the other columns of the table.

    Returns
    -------
    dict of str to condition
        By column; an expression under its own text.
    """
    if declared is not None and len(declared) == 0:
        return {}
    usual = usual_filters(table) if with_usual else {}
    if isinstance(declared, str):
        expression = Expression(declared)
        kept = _without(usual, set(expression.columns))
        return {**kept, str(expression): expression}
    own = dict(declared or {})
    return {**_without(usual, {name.upper() for name in own}), **own}


def _without(
    filters: Mapping[str, ColumnFilter], columns: set[str]
) -> dict[str, Condition]:
    return {n: f for n, f in filters.items() if n.upper() not in columns}


def usual_filters(table: FitsTable) -> dict[str, ColumnFilter]:
    """Return the telescope's usual conditions on columns that the table has."""
    detector = named_detector(table.header)
    usual = {} if detector is None else detector.filters
    return {name: f for name, f in usual.items() if table.find(name) is not None}


def left_out(
    table: FitsTable, good: np.ndarray, chosen: Mapping[str, Condition]
) -> tuple[str, ...]:
    """Return a sentence for each usual condition that kept events do not meet.

    Parameters
    ----------
    table : FitsTable
    good : (event,) bool array
        Rows that are kept.
    chosen : mapping of str to condition
        What they meet.
    """
    sentences = []
    for name, condition in usual_filters(table).items():
        n = int(np.sum(good & ~meets(table, name, condition)))
        if n and chosen.get(name) is not condition:
            sentences.append(
                f"{table.place()}: {n} of the {good.sum()} events that are kept do not "
                f"meet {told(name, condition)}, which is usual for this telescope and "
                "belongs to its area and exposure maps; the filters leave it out."
            )
    return tuple(sentences)
