"""The verdicts of a sweep, first thing on the page."""

from collections.abc import Iterable
from html import escape

from hifred.selection.verdicts import Verdict

NAMES = {"good": "choice", "note": "note", "warning": "look", "fault": "fault"}


def verdicts_html(verdicts: Iterable[Verdict]) -> str:
    """Return verdicts as a list, those of each model together."""
    by_model: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        by_model.setdefault(verdict.model, []).append(verdict)
    return "".join(
        f"<h3>{escape(model)}</h3><ul>{''.join(map(_item, found))}</ul>"
        for model, found in by_model.items()
    )


def _item(verdict: Verdict) -> str:
    is_choice = verdict.kind == "recommended"
    link = f' <a href="?trial={escape(verdict.trial)}">Show it</a>' if is_choice else ""
    return (
        f'<li class="{verdict.level}"><b>{NAMES[verdict.level]}</b> '
        f"{escape(verdict.sentence)}{link}</li>"
    )
