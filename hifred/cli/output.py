"""How commands print: tables for people, JSON for programs."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from hifred.cli.plain_speech import harmless
from hifred.selection.verdicts import Level, Verdict

STATE_STYLE = {
    "done": "green", "running": "cyan", "submitted": "blue", "pending": "dim",
    "failed": "red", "diverged": "magenta", "timeout": "yellow", "oom": "yellow",
    "lost": "red", "cancelled": "dim",
}  # fmt: skip


LEVEL_STYLE = {
    Level.GOOD: "green",
    Level.NOTE: "dim",
    Level.WARNING: "yellow",
    Level.FAULT: "red",
}


def print_json(value: Any) -> None:
    """Print `value` as JSON on stdout; NaN becomes null."""
    click.echo(json.dumps(finite(value), indent=2, default=str))


def finite(value: Any) -> Any:
    """Return `value` with every number that JSON cannot say turned into None."""
    if isinstance(value, Mapping):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def print_rows(rows: Sequence[Mapping[str, Any]], *, as_json: bool = False) -> None:
    """Print rows with the same keys as a table, or as a JSON list."""
    if as_json:
        print_json(list(rows))
        return
    if not rows:
        click.echo("no trials")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in rows[0]:
        table.add_column(name, overflow="fold", no_wrap=name in ("id", "state"))
    for row in rows:
        table.add_row(*(_cell(name, value) for name, value in row.items()))
    console().print(table)


def print_verdicts(verdicts: Sequence[Verdict]) -> None:
    """Print what a sweep says about its own choice, a line each."""
    for verdict in verdicts:
        line = Text(f"{verdict.model}: ", style="bold")
        line.append(verdict.sentence, style=LEVEL_STYLE[verdict.level])
        console().print(line, highlight=False)


def console() -> Console:
    """Return where tables go: as wide as the terminal, or wide when piped."""
    plain = Console()
    return plain if plain.is_terminal else Console(width=200)


def _cell(name: str, value: Any) -> str:
    text = plain_text(value)
    style = STATE_STYLE.get(text) if name in ("state", "status") else None
    return f"[{style}]{text}[/]" if style else text.replace("[", "\\[")


def plain_text(value: Any) -> str:
    """Return a short text for one value of a table."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    if isinstance(value, float):
        return f"{value:.6g}"
    return harmless(str(value))


def duration(seconds: float | None) -> str:
    """Return a time in words, such as ``2 h 05 min``."""
    if seconds is None:
        return "unknown"
    if seconds < 90:
        return f"{seconds:.3g} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02d} min"


def size(n_bytes: float | None) -> str:
    """Return a number of bytes in words."""
    if n_bytes is None:
        return "unknown"
    for unit in ("bytes", "kB", "MB", "GB"):
        if n_bytes < 1000:
            return f"{n_bytes:.3g} {unit}"
        n_bytes /= 1000
    return f"{n_bytes:.3g} TB"
