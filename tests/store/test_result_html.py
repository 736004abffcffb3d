import pandas as pd

from hifred.store.result_html import results_html


def make_frame(n: int = 12) -> pd.DataFrame:
    status = ["done"] * (n - 2) + ["failed", "diverged"]
    return pd.DataFrame({"mu": range(n), "same": 1, "status": status})


def test_it_counts_by_state_and_shows_what_differs(tmp_path) -> None:
    page = results_html({"name": "a<b"}, make_frame(), tmp_path)
    assert "10 done, 1 failed, 1 diverged" in page
    assert "a&lt;b" in page
    assert "same" not in page
    assert "and 4 more" in page


def test_it_links_to_the_report_once_there_is_one(tmp_path) -> None:
    assert "hifred report" in results_html({}, make_frame(), tmp_path)
    (tmp_path / "report.html").touch()
    assert 'href="file://' in results_html({}, make_frame(), tmp_path)
