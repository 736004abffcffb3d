"""A sweep that still runs: the page says how old it is, and is read again."""

import pytest
from bokeh.document import Document
from bokeh.events import ButtonClick

from hifred.explore.news import News
from hifred.explore.page import Page
from hifred.explore.running_sweep import Freshness, RunningSweep


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("progress", "text"),
    [
        (Freshness(37, 84, 37, 130.0), "37 of 84 trials have ended; read 2 min ago."),
        (
            Freshness(40, 84, 37, 59.0),
            "40 of 84 trials have ended; shown are 37, read less than a minute ago.",
        ),
        (Freshness(84, 84, 84, 3600), "All 84 trials have ended; read 60 min ago."),
    ],
)
def test_the_progress_is_told_with_the_age_of_what_is_shown(progress, text) -> None:
    assert progress.text == text


def test_what_has_ended_since_is_offered_and_read(shelf) -> None:
    clock, counts, read = Clock(), iter([(3, 9), (3, 9), (5, 9), (5, 9), (5, 9)]), []

    def read_shelf():
        read.append(clock.now)
        return shelf

    news = News(RunningSweep(read_shelf, lambda: next(counts), clock))
    assert not news.again.visible
    clock.now += 200.0
    news.tell()
    assert news.again.visible
    assert "5 of 9" in news.line.text
    assert "shown are 3, read 3 min ago" in news.line.text
    news.again._trigger_event(ButtonClick(news.again))
    assert read == [100.0, 300.0]
    assert news.again.tags == ["read"]
    news.tell()
    assert not news.again.visible


def test_only_the_page_of_a_sweep_has_news(shelf) -> None:
    document = Document()
    news = News(RunningSweep(lambda: shelf, lambda: (1, 2)))
    Page(shelf, "sweep", news=news).open(document)
    assert document.get_model_by_name("news") is news.line
    assert len(document.session_callbacks) == 1
    other = Document()
    Page(shelf, "sweep").open(other)
    assert other.get_model_by_name("news") is None
    assert not other.session_callbacks


@pytest.mark.browser
def test_the_page_comes_back_with_its_view(serve, shelf, chromium) -> None:
    ended = iter([3, *[5] * 99])
    chromium.open(serve(RunningSweep(lambda: shelf, lambda: (next(ended), 9))))
    chromium.open(chromium.address("?trial=000000000001&group=2"))
    chromium.run("window.isOld = true")
    chromium.run("hifred.view('read-again').shadow_el.querySelector('button').click()")
    chromium.wait_for(
        "return !window.isOld && document.body?.dataset.state === 'whole'"
    )
    chromium.prepare()
    for part in ("trial=000000000001", "group=2"):
        assert part in chromium.run("return location.search")
    said = chromium.run("return hifred.model('news').text")
    assert said == "5 of 9 trials have ended; read less than a minute ago."
    assert not chromium.console()
