"""Logs: one writer per file, a checksum per line, nothing read twice."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hifred.sweep.record.event_log import EventLog, EventReader
from hifred.sweep.record.events import Finished, Progress, Started
from hifred.sweep.record.sealed_line import decode_line, encode_line

JSON = st.dictionaries(
    st.text(max_size=5), st.one_of(st.integers(), st.text(max_size=8)), max_size=4
)


@given(JSON)
def test_an_event_reads_back(record: dict) -> None:
    record = {"event": "x", **record}
    assert decode_line(encode_line(record)[:-1]).items() >= record.items()


@given(st.integers(0, 10**6), st.integers(0, 7))
def test_a_flipped_bit_is_noticed(place: int, bit: int) -> None:
    line = bytearray(encode_line({"event": "finished", "id": "ab12", "n": 1})[:-1])
    line[place % len(line)] ^= 1 << bit
    assert decode_line(bytes(line)) is None


def test_a_reader_yields_each_event_once(tmp_path: Path) -> None:
    log, reader = EventLog(tmp_path), EventReader(tmp_path)
    log.write(Started(trial_id="a"))
    assert [e.kind for e in reader.new_events()] == ["started"]
    log.write(Finished(trial_id="a"))
    assert [e.kind for e in reader.new_events()] == ["finished"]
    assert list(reader.new_events()) == []


def test_a_half_written_line_is_read_when_it_is_whole(tmp_path: Path) -> None:
    line = encode_line({"event": "started", "id": "a"})
    path = tmp_path / "w.jsonl"
    path.write_bytes(line[:10])
    reader = EventReader(tmp_path)
    assert list(reader.new_events()) == []
    path.write_bytes(line)
    assert len(list(reader.new_events())) == 1
    assert reader.n_damaged == 0


def test_damaged_lines_are_counted_and_skipped(tmp_path: Path) -> None:
    lines = [encode_line({"event": "started", "id": name}) for name in "abc"]
    damaged = lines[1].replace(b'"b"', b'"x"')
    (tmp_path / "w.jsonl").write_bytes(lines[0] + damaged + lines[2])
    reader = EventReader(tmp_path)
    assert [e.trial_id for e in reader.new_events()] == ["a", "c"]
    assert reader.n_damaged == 1


def test_what_is_no_file_is_no_log(tmp_path: Path) -> None:
    (tmp_path / "folder.jsonl").mkdir()
    (tmp_path / "loop.jsonl").symlink_to(tmp_path / "loop.jsonl")
    os.mkfifo(tmp_path / "pipe.jsonl")
    assert list(EventReader(tmp_path).new_records()) == []


def test_a_log_that_cannot_be_written_does_not_raise(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "absent")
    log.write(Started(trial_id="a"))
    assert log.n_dropped == 1


def test_a_torn_line_costs_only_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    log, reader = EventLog(tmp_path), EventReader(tmp_path)
    log.write(Started(trial_id="a"))
    write = os.write
    monkeypatch.setattr(os, "write", lambda fd, line: write(fd, line[:12]))
    log.write(Progress(trial_id="a"))
    monkeypatch.setattr(os, "write", write)
    log.write(Finished(trial_id="a"))
    assert [e.kind for e in reader.new_events()] == ["started", "finished"]
    assert (log.n_dropped, reader.n_damaged) == (1, 1)
