"""Events: what one writes, all read, and lines of version 0.1 as well."""

import pytest

from hifred.sweep.record.event_log import EventReader
from hifred.sweep.record.events import (
    KINDS,
    Cancelled,
    Ended,
    Finished,
    Progress,
    Retried,
    RunBegun,
    RunEnded,
    Started,
    Submitted,
    TrialEvent,
    TrialOutcome,
    event_record,
    read_event,
)
from hifred.sweep.record.sealed_line import encode_line

T = "ab12cd34ef56"
EVENTS = [
    Submitted(trial_id=T, attempt=1, time=1.5),
    Started(trial_id=T, attempt=1, host="node7", pid=12, job="99"),
    Progress(trial_id=T, attempt=2, iteration=3, cost=0.5, seconds=1.25, fraction=0.5),
    Ended(
        trial_id=T, attempt=2, outcome=TrialOutcome.OOM, message="too much",
        traceback="there", advanced=True, rss_mib=7, checkpoint=2,
    ),
    Finished(trial_id=T, attempt=3, seconds=2.0, iteration=9, cost=1.0, discarded=True),
    Retried(trial_id=T, attempt=3, command=1, memory_bytes=2**30),
    Cancelled(trial_id=T, attempt=3, command=2, reason="hifred cancel"),
    RunBegun(executor="LocalExecutor", workers=4),
    RunEnded(message="stopped by SIGTERM"),
]  # fmt: skip


@pytest.mark.parametrize("event", EVENTS, ids=lambda e: e.kind)
def test_an_event_reads_back(event) -> None:
    assert read_event(event_record(event)) == event


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.kind)
def test_an_event_with_nothing_but_its_identity_reads_back(kind) -> None:
    more = {"outcome": TrialOutcome.LOST} if kind is Ended else {}
    own = {"trial_id": T} if issubclass(kind, TrialEvent) else {}
    assert read_event(event_record(kind(**own, **more))) == kind(**own, **more)


# As version 0.1.0 wrote them.
EARLIER = [
    (
        {"event": "progress", "time": 1.0, "id": T, "n": 1, "it": 3, "cost": 2.5,
         "fraction": None, "seconds": 0.25, "rss": 300, "checkpoint": 0},
        Progress(trial_id=T, attempt=1, time=1.0, iteration=3, cost=2.5, seconds=0.25,
                 rss_mib=300),
    ),
    (
        {"event": "ended", "time": 1.0, "outcome": "hopeless", "message": "no",
         "advanced": False, "id": T, "n": 2, "crc": "00000000"},
        Ended(trial_id=T, attempt=2, time=1.0, outcome=TrialOutcome.HOPELESS,
              message="no"),
    ),
    (
        {"event": "retry", "time": 1.0, "id": T, "n": 0, "command": 1, "memory": 512.0},
        Retried(trial_id=T, time=1.0, command=1, memory_bytes=2**29),
    ),
    (
        {"event": "run", "time": 1.0, "executor": "InlineExecutor", "workers": 1},
        RunBegun(time=1.0, executor="InlineExecutor", workers=1),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("record", "event"), EARLIER)
def test_a_line_of_an_earlier_version_is_read(record: dict, event) -> None:
    assert read_event(record) == event


def test_a_kind_of_a_later_version_is_left_out() -> None:
    assert read_event({"event": "moved", "id": T}) is None


@pytest.mark.parametrize(
    "record",
    [
        {"event": "ended", "id": T, "n": 1},
        {"event": "ended", "id": T, "n": 1, "outcome": "eaten"},
        {"event": "started", "n": 1},
        {"event": "progress", "id": T, "n": "many"},
        {"event": "retry", "id": T, "n": 1, "memory": "much"},
    ],
)
def test_a_whole_line_that_tells_nonsense_is_counted_and_left_out(
    tmp_path, record: dict
) -> None:
    good = event_record(EVENTS[0])
    content = b"".join(encode_line(line) for line in (good, record, good))
    (tmp_path / "w.jsonl").write_bytes(content)
    reader = EventReader(tmp_path)
    assert [event.kind for event in reader.new_events()] == ["submitted"] * 2
    assert reader.n_damaged == 1
