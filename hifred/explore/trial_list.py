"""All trials as a table of the page, which sorts and filters it."""

from collections.abc import Sequence
from html import escape

import numpy as np

from hifred.explore.choices import swept_settings
from hifred.measures.names import measure_name
from hifred.store.ranking import ranked_measures, ranked_trials
from hifred.store.trial_table import TrialTable, setting_text

LIST_CSS = """
table { border-collapse: collapse; font-size: 13px; }
th, td { padding: 2px 8px; border-bottom: 1px solid #ddd; text-align: right;
  white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
th button { all: unset; cursor: pointer; font-weight: 600; padding: 2px; }
th button:focus-visible, a:focus-visible { outline: 2px solid #0072b2; }
th[aria-sort="ascending"] button::after { content: " ▲"; }
th[aria-sort="descending"] button::after { content: " ▼"; }
a { color: #00517d; } tr[hidden] { display: none; }
"""


def trials_html(table: TrialTable) -> str:
    """Return all trials, the best first, as an HTML table."""
    settings, measures = swept_settings(table), ranked_measures(table)
    names = ["trial", "state", *settings, *map(measure_name, measures)]
    heads = "".join(
        f'<th scope="col"><button type="button">{escape(name)}</button></th>'
        for name in names
    )
    best = ranked_trials(table)
    others = [trial for trial in table.trials if trial not in set(best)]
    rows = "".join(_row(table, trial, settings, measures) for trial in [*best, *others])
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"


def _row(
    table: TrialTable, trial: str, settings: Sequence[str], measures: Sequence[str]
) -> str:
    row = table.frame.loc[trial]
    cells = [str(row["status"])]
    cells += [setting_text(table.setting(trial, name)) for name in settings]
    cells += [_number(row[name]) for name in measures]
    written = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    link = f'<a href="?trial={escape(trial)}">{escape(trial)}</a>'
    return f"<tr><td>{link}</td>{written}</tr>"


def _number(value: object) -> str:
    number = float(value)  # type: ignore[arg-type]
    return f"{number:.4g}" if np.isfinite(number) else "–"
