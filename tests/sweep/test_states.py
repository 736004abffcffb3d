"""The state of a trial is a fold over its events."""

import itertools
from dataclasses import replace
from typing import Any

import pytest

from hifred.sweep.plan.options import Retries
from hifred.sweep.plan.plan import Head, Plan, Trial
from hifred.sweep.record.events import Event, read_event
from hifred.sweep.watch.snapshot import summarise
from hifred.sweep.watch.states import TrialState, fold, state_of

T = "ab12cd34ef56"


def event(name: str, n: int = 1, **facts: Any) -> Event:
    record = {"event": name, "id": T, "n": n, "time": 0.0} | facts
    found = read_event(record, "w")
    assert found is not None
    return found


def ended(outcome: str, n: int = 1, **facts: Any) -> Event:
    return event("ended", n, outcome=outcome, message=outcome, **facts)


def state(*events: Event, published: bool = False, driven: bool = True, **budgets: int):
    history = fold(events).get(T)
    retries = Retries(**budgets)
    return state_of(history, published=published, driven=driven, retries=retries)


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([], "pending"),
        ([event("submitted")], "submitted"),
        ([event("submitted"), event("started")], "running"),
        ([event("started"), event("progress", it=3)], "running"),
        ([ended("failed")], "failed"),
        ([ended("diverged")], "diverged"),
        ([ended("stopped")], "pending"),
        ([ended("storage")], "pending"),
        ([ended("lost")], "pending"),
        ([ended("timeout", advanced=True)], "pending"),
        ([ended("timeout", advanced=False)], "timeout"),
        ([ended("oom")], "pending"),
        ([ended("oom"), ended("oom", 2)], "oom"),
        ([ended("lost", n) for n in range(1, 7)], "lost"),
        ([ended("hopeless")], "cancelled"),
        ([event("cancelled", command=1)], "cancelled"),
        ([ended("failed"), event("retry", command=1)], "pending"),
        ([event("cancelled", command=1), event("retry", command=2)], "pending"),
        ([event("retry", command=1), event("cancelled", command=2)], "cancelled"),
        ([ended("failed"), event("started", 2)], "running"),
    ],
)
def test_the_state_after_some_events(events: list[Event], expected: str) -> None:
    assert state(*events) == expected


def test_only_the_file_means_done() -> None:
    assert state(event("finished")) == "pending"
    assert state(published=True) == "done"
    assert state(ended("failed"), published=True) == "done"


def test_without_a_driver_nothing_is_running() -> None:
    assert state(event("submitted"), event("started"), driven=False) == "pending"


def test_the_order_of_the_files_does_not_matter() -> None:
    events = [
        event("submitted"), event("started"), event("progress", it=1),
        ended("lost"), event("submitted", 2), event("started", 2),
        ended("failed", 2),
    ]  # fmt: skip
    assert {state(*order) for order in itertools.permutations(events)} == {"failed"}


def test_clocks_that_jump_do_not_matter() -> None:
    late = replace(event("started", 2), time=-1e9)
    early = replace(ended("failed", 1), time=1e12)
    assert state(early, late) == state(late, early) == "running"


def test_the_workers_own_word_beats_the_drivers_guess() -> None:
    assert state(ended("lost"), ended("oom"), oom=0, lost=0) == "oom"
    assert state(ended("oom"), ended("lost"), oom=0, lost=0) == "oom"


def test_a_retry_forgives_only_what_came_before() -> None:
    events = [ended("failed"), event("retry", command=1), ended("failed", 2)]
    assert state(*events) == "failed"


def test_what_trials_recovered_from_is_told() -> None:
    histories = fold([ended("lost", 1), event("started", 2), event("finished", 2)])
    plan = Plan(Head("s", "stub-1"), [Trial(T, "a", {})])
    published = {T: TrialState.DONE}
    told = summarise(plan, published, histories, driver=None)
    assert told.recovered == [("lost: lost", 1)]
    assert told.errors == []
    failed = summarise(plan, {T: TrialState.LOST}, histories, driver=None)
    assert failed.recovered == []


@pytest.mark.parametrize(("spent", "left"), [(40.0, 60.0 + 2.0), (150.0, 15.0 + 2.0)])
def test_time_left_is_that_of_trials_of_a_kind_and_never_none(
    spent: float, left: float
) -> None:
    kinds = {"slow": "w2d1d", "atwork": "w2d1d", "quick": "lrs", "waiting": "lrs"}
    trials = [Trial(i, "a", {"regularizer": kind}) for i, kind in kinds.items()]
    histories = fold(
        [
            event("finished", id="slow", seconds=100.0),
            event("finished", id="quick", seconds=2.0),
            event("started", id="atwork"),
            event("progress", id="atwork", it=1, seconds=spent),
        ]
    )
    states = dict.fromkeys(("slow", "quick"), TrialState.DONE)
    states |= {"atwork": TrialState.RUNNING, "waiting": TrialState.PENDING}
    told = summarise(
        Plan(Head("s", "stub-1"), trials), states, histories, driver="host"
    )
    assert told.eta_seconds == pytest.approx(left)
