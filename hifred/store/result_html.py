"""How collected results show themselves in a notebook."""

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

N_ROWS = 8


def results_html(attrs: Mapping[str, Any], frame: pd.DataFrame, root: Path) -> str:
    """Return name, counts by state and the first trials as HTML.

    Parameters
    ----------
    attrs : mapping
        Of the collected store.
    frame : DataFrame
        All trials, as `Results.table` returns them.
    root : path
        The sweep directory.
    """
    counts = frame["status"].value_counts()
    states = ", ".join(f"{n} {escape(str(state))}" for state, n in counts.items())
    varying = [n for n in frame.columns if frame[n].nunique(dropna=False) > 1]
    shown = (
        frame[varying].head(N_ROWS).to_html(na_rep="–", float_format="{:.5g}".format)
    )
    name = escape(str(attrs.get("name", root.name)))
    report = root / "report.html"
    link = (
        f' · <a href="{escape(report.resolve().as_uri())}">report</a>'
        if report.is_file()
        else f" · <code>hifred report {escape(str(root))}</code>"
    )
    more = f"<p>and {len(frame) - N_ROWS} more</p>" if len(frame) > N_ROWS else ""
    return f"<p><b>Results of {name}</b>: {states}{link}</p>{shown}{more}"
