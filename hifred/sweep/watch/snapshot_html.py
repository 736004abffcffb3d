"""How the progress of a sweep shows itself in a notebook."""

from collections.abc import Iterable, Mapping
from html import escape

# Okabe & Ito (2008); the width of the bar says the same without colour.
_COLOURS = {
    "done": "#009E73", "running": "#0072B2", "submitted": "#56B4E9",
    "pending": "#cccccc", "cancelled": "#888888",
}  # fmt: skip
_BAD = "#D55E00"


def snapshot_html(
    name: str,
    counts: Mapping[str, int],
    eta_seconds: float | None,
    errors: Iterable[tuple[str, int]],
) -> str:
    """Return counts by state as a bar, the time left and the top errors as HTML."""
    found = {state: n for state, n in counts.items() if n}
    total = max(sum(found.values()), 1)
    bar = "".join(
        f'<span title="{n} {state}" style="display:inline-block;height:1em;'
        f'width:{100 * n / total:.3f}%;background:{_COLOURS.get(state, _BAD)}"></span>'
        for state, n in found.items()
    )
    states = ", ".join(f"{n} {state}" for state, n in found.items())
    eta = "" if eta_seconds is None else f" · about {_duration(eta_seconds)} left"
    told = "".join(f"<li>{n} × {escape(text)}</li>" for text, n in errors)
    listed = f"<ul>{told}</ul>" if told else ""
    return (
        f"<p><b>Sweep {escape(name)}</b>: {states}{eta}</p>"
        f'<div style="max-width:40em">{bar}</div>{listed}'
    )


def _duration(seconds: float) -> str:
    minutes = seconds / 60
    if minutes < 1.5:
        return f"{seconds:.0f} s"
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"
