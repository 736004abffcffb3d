"""How collected results show themselves, in a notebook and in a terminal."""

from html import escape
from pathlib import Path

import pandas as pd

from hifred.store.trial_table import TrialTable

N_ROWS = 8


def summary_html(table: TrialTable, root: Path) -> str:
    """Return name, counts by state and the first trials as HTML.

    Parameters
    ----------
    table : TrialTable
    root : path
        The sweep directory.
    """
    shown = _first_rows(table).to_html(na_rep="–", float_format="{:.5g}".format)
    report = root / "report.html"
    link = (
        f'<a href="{escape(report.resolve().as_uri())}">report</a>'
        if report.is_file()
        else f"<code>{escape(_next_command(root))}</code>"
    )
    name, states = escape(_name(table, root)), escape(_states(table))
    more = _more(table, "<p>{}</p>")
    return f"<p><b>Results of {name}</b>: {states} · {link}</p>{shown}{more}"


def summary_text(table: TrialTable, root: Path) -> str:
    """Return what `summary_html` says, for a terminal."""
    shown = _first_rows(table).to_string(na_rep="–", float_format="{:.5g}".format)
    report = root / "report.html"
    link = str(report) if report.is_file() else _next_command(root)
    heading = f"Results of {_name(table, root)}: {_states(table)} · {link}"
    more = _more(table, "\n{}")
    return f"{heading}\n{shown}{more}"


def _name(table: TrialTable, root: Path) -> str:
    return str(table.attrs.get("name", root.name))


def _states(table: TrialTable) -> str:
    counts = table.frame["status"].value_counts()
    return ", ".join(f"{n} {state}" for state, n in counts.items())


def _next_command(root: Path) -> str:
    return f"hifred report {root}"


def _first_rows(table: TrialTable) -> pd.DataFrame:
    frame = table.frame
    varying = [n for n in frame.columns if frame[n].nunique(dropna=False) > 1]
    return frame[varying].head(N_ROWS)


def _more(table: TrialTable, form: str) -> str:
    hidden = len(table) - N_ROWS
    return form.format(f"and {hidden} more") if hidden > 0 else ""
