"""Results say the same of themselves in a notebook and in a terminal."""

import re
from html import unescape

import pandas as pd

from hifred.store.result_summary import summary_html, summary_text
from hifred.store.trial_table import TrialTable


def make_table(n: int = 12, **attrs: str) -> TrialTable:
    status = ["done"] * (n - 2) + ["failed", "diverged"]
    frame = pd.DataFrame({"mu": range(n), "same": 1, "status": status})
    return TrialTable(frame, {}, ["mu", "same"], attrs)


def test_it_counts_by_state_and_shows_what_differs(tmp_path) -> None:
    page = summary_html(make_table(name="a<b"), tmp_path)
    assert "10 done, 1 failed, 1 diverged" in page
    assert "a&lt;b" in page
    assert "same" not in page
    assert "and 4 more" in page


def test_it_links_to_the_report_once_there_is_one(tmp_path) -> None:
    assert "hifred report" in summary_html(make_table(), tmp_path)
    (tmp_path / "report.html").touch()
    assert 'href="file://' in summary_html(make_table(), tmp_path)


def test_a_terminal_is_told_what_a_notebook_shows(tmp_path) -> None:
    table = make_table(name="a<b")
    page = summary_html(table, tmp_path).replace("</b>", "")
    page = unescape(re.sub("<[^>]*>", " ", page))
    text = summary_text(table, tmp_path)
    assert set(page.split()) == set(text.split())
