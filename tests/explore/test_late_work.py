"""Work beside the page: nothing waits for it, and only the last of it is begun."""

import threading
from types import SimpleNamespace

import pytest

from hifred.explore.late_work import LateWork


@pytest.fixture
def page():
    """Return a document that keeps what it is to do next, and tells of it."""
    kept, is_told = [], threading.Semaphore(0)

    def add_next_tick_callback(callback) -> None:
        kept.append(callback)
        is_told.release()

    def next_tick() -> None:
        assert is_told.acquire(timeout=30)
        kept.pop(0)()

    return SimpleNamespace(
        add_next_tick_callback=add_next_tick_callback, next_tick=next_tick
    )


def following(page) -> LateWork:
    work = LateWork()
    work.follow(page)
    return work


def test_without_a_page_work_is_done_at_once() -> None:
    found = []
    LateWork().begin(lambda: 5, found.append)
    assert found == [5]


def test_the_page_goes_on_and_is_told_by_its_next_tick(page) -> None:
    found, is_allowed = [], threading.Event()
    following(page).begin(lambda: is_allowed.wait(30), found.append)
    assert found == []
    is_allowed.set()
    page.next_tick()
    assert found == [True]


def test_of_what_waits_only_the_last_is_done(page) -> None:
    found, is_allowed, done = [], threading.Event(), []
    work, is_begun = following(page), threading.Event()

    def first() -> int:
        is_begun.set()
        is_allowed.wait(30)
        return 0

    work.begin(first, found.append)
    assert is_begun.wait(30)
    for number in (1, 2, 3):
        work.begin(lambda n=number: done.append(n) or n, found.append)
    is_allowed.set()
    page.next_tick()
    page.next_tick()
    assert found == [0, 3]
    assert done == [3]


def test_an_error_of_the_work_is_one_of_the_page(page) -> None:
    following(page).begin(lambda: 1 / 0, print)
    with pytest.raises(ZeroDivisionError):
        page.next_tick()
