import pytest

from hifred.sweep.watch.snapshot_html import snapshot_html


@pytest.mark.parametrize(
    ("seconds", "text"), [(40, "40 s"), (600, "10 min"), (9000, "2.5 h")]
)
def test_it_tells_the_time_left(seconds, text) -> None:
    assert f"about {text} left" in snapshot_html("s", {"done": 1}, seconds, [])


def test_it_counts_by_state_and_names_errors() -> None:
    counts = {"done": 3, "failed": 1, "pending": 0}
    page = snapshot_html("a<b", counts, None, [("failed: x < 0", 1)])
    assert "3 done, 1 failed" in page
    assert "pending" not in page
    assert "left" not in page
    assert "x &lt; 0" in page
    assert "width:75.000%" in page
