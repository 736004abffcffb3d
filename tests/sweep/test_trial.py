"""One attempt: checkpoints, deadlines, limits, and what it answers."""

import dataclasses
import pickle
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hifred.store.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from hifred.store.trial_file import open_trial, read_trial_attributes
from hifred.sweep.plan.declaration import declare
from hifred.sweep.plan.planning import make_plan
from hifred.sweep.record.event_log import EventReader
from hifred.sweep.record.layout import SweepDirectory
from hifred.sweep.worker import deadline
from hifred.sweep.worker.run_trial import run_trial
from hifred.sweep.worker.task import Receipt, Task
from tests.sweep.stub_kernels import StubAttempt, StubKernel


@pytest.fixture(autouse=True)
def no_stop():
    deadline.clear_stop()
    yield
    deadline.clear_stop()


def task(tmp_path: Path, source: Path, **settings: Any) -> Task:
    root = tmp_path / "s"
    declaration = declare("s", {"a": source}, {"mu": 0.1, "rank": 3, **settings})
    plan = make_plan(SweepDirectory(root), declaration, StubKernel()).plan
    return Task(
        root=str(root), trial=plan.trials[0], attempt=1,
        digest=plan.head.inputs["a"].digest, planned_tag="stub-1", isolated=False,
    )  # fmt: skip


def again(earlier: Task, **changes: Any) -> Task:
    return dataclasses.replace(earlier, attempt=earlier.attempt + 1, **changes)


def directory_of(job: Task) -> SweepDirectory:
    return SweepDirectory(Path(job.root))


def events_of(job: Task) -> list[str]:
    return [e["event"] for e in EventReader(directory_of(job).events).new_records()]


class StoppingAfter(StubKernel):
    """Asks for a stop during step `n`, as a job that ends does."""

    def __init__(self, n: int) -> None:
        super().__init__()
        self.n = n

    def begin(self, *args: Any, **more: Any) -> StubAttempt:
        attempt = super().begin(*args, **more)
        step = attempt.step

        def stopping() -> Any:
            told = step()
            if attempt.n_done == self.n:
                deadline.request_stop("the job ends")
            return told

        attempt.step = stopping
        return attempt


def test_a_trial_is_published_with_its_record(tmp_path: Path, source: Path) -> None:
    job = task(tmp_path, source)
    receipt = run_trial(job, StubKernel())
    assert receipt[:3] == (job.trial.id, 1, "done")
    facts = read_trial_attributes(directory_of(job).trial(job.trial.id))
    record = facts["record"]
    assert record["settings"] == job.trial.settings
    assert record["input_digest"] == job.digest
    assert record["provenance"]["threads"] == 1
    assert record["provenance"]["max_rss_mib"] > 0
    assert events_of(job) == ["started", "finished"]


def test_the_environment_is_not_told(tmp_path: Path, source: Path, monkeypatch) -> None:
    monkeypatch.setenv("MY_TOKEN", "very-secret")
    job = task(tmp_path, source)
    run_trial(job, StubKernel())
    content = directory_of(job).trial(job.trial.id).read_bytes()
    assert b"very-secret" not in content
    assert b"MY_TOKEN" not in content


def test_a_published_trial_is_not_run_again(tmp_path: Path, source: Path) -> None:
    job = task(tmp_path, source)
    run_trial(job, StubKernel())
    assert run_trial(again(job), StubKernel()).outcome == "done"
    assert events_of(job).count("started") == 1


def test_a_resumed_trial_has_the_result_of_one_never_interrupted(
    tmp_path: Path, source: Path
) -> None:
    straight = task(tmp_path / "one", source, n_steps=7)
    run_trial(straight, StubKernel())
    job = task(tmp_path / "two", source, n_steps=7)
    assert run_trial(job, StoppingAfter(3)).outcome == "stopped"
    deadline.clear_stop()
    assert run_trial(again(job), StoppingAfter(5)).outcome == "stopped"
    deadline.clear_stop()
    assert run_trial(again(again(job)), StubKernel()).outcome == "done"
    with (
        open_trial(directory_of(straight).trial(straight.trial.id)) as expected,
        open_trial(directory_of(job).trial(job.trial.id)) as found,
    ):
        assert found.flux.values.tobytes() == expected.flux.values.tobytes()
    assert not list(directory_of(job).checkpoints.iterdir())


def test_a_stop_saves_the_state_after_the_present_step(
    tmp_path: Path, source: Path
) -> None:
    job = task(tmp_path, source, n_steps=9)
    receipt = run_trial(job, StoppingAfter(4))
    assert receipt.message == "the job ends"
    saved = load_checkpoint(directory_of(job).checkpoint(job.trial.id), job.trial.id)
    assert saved.iteration == 4


def test_a_deadline_stops_a_trial(tmp_path: Path, source: Path) -> None:
    job = task(tmp_path, source, n_steps=1000, sleep=0.01)
    threading.Timer(0.05, deadline.request_stop).start()
    assert run_trial(job, StubKernel()).outcome == "stopped"


def test_the_time_limit_saves_and_tells_whether_it_advanced(
    tmp_path: Path, source: Path
) -> None:
    job = task(tmp_path, source, n_steps=1000, sleep=0.01)
    job = dataclasses.replace(job, trial_timeout=0.05)
    receipt = run_trial(job, StubKernel())
    assert (receipt.outcome, receipt.advanced) == ("timeout", True)
    assert "limit of 0.05 s" in receipt.message


def test_a_marker_stops_a_running_trial(tmp_path: Path, source: Path) -> None:
    job = task(tmp_path, source, n_steps=1000, sleep=0.01)
    job = dataclasses.replace(job, progress_every=0.0)
    marker = directory_of(job).stop_marker(job.trial.id)
    marker.touch()
    assert run_trial(job, StubKernel()).outcome == "stopped"
    assert not marker.exists()


def test_checkpoints_come_at_their_interval(tmp_path: Path, source: Path) -> None:
    job = task(tmp_path, source, n_steps=5)
    job = dataclasses.replace(job, checkpoint_every=0.0, progress_every=0.0)
    run_trial(job, StubKernel())
    told = [
        event["checkpoint"]
        for event in EventReader(directory_of(job).events).new_records()
        if event["event"] == "progress"
    ]
    assert told == [0, 1, 2, 3]


def test_a_damaged_checkpoint_is_discarded_aloud(tmp_path: Path, source: Path) -> None:
    job = task(tmp_path, source, n_steps=4)
    run_trial(job, StoppingAfter(2))
    deadline.clear_stop()
    path = directory_of(job).checkpoint(job.trial.id)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert run_trial(again(job), StubKernel()).outcome == "done"
    assert "checkpoint_discarded" in events_of(job)


def test_the_checkpoint_of_another_version_costs_its_work_only(
    tmp_path: Path, source: Path
) -> None:
    job = task(tmp_path, source, n_steps=4)
    state = {"of_another_version": np.ones(3)}
    save_checkpoint(
        directory_of(job).checkpoint(job.trial.id),
        Checkpoint(job.trial.id, 3, 1.0, state),
    )
    assert run_trial(job, StubKernel()).outcome == "done"
    told = next(
        event["message"]
        for event in EventReader(directory_of(job).events).new_records()
        if event["event"] == "checkpoint_discarded"
    )
    assert "its state cannot be read: KeyError" in told


@pytest.mark.parametrize(
    ("behaviour", "outcome", "message"),
    [
        ("raise", "failed", "RuntimeError: this trial always raises"),
        ("diverge", "diverged", "the cost grew"),
    ],
)
def test_a_bad_end_is_an_answer(
    tmp_path: Path, source: Path, behaviour: str, outcome: str, message: str
) -> None:
    job = task(tmp_path, source, behaviour=behaviour)
    receipt = run_trial(job, StubKernel())
    assert (receipt.outcome, receipt.message) == (outcome, message)
    assert not directory_of(job).trial(job.trial.id).exists()


def test_running_out_of_memory_has_a_name(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exhausted(self: StubAttempt) -> None:
        raise MemoryError

    monkeypatch.setattr(StubAttempt, "step", exhausted)
    assert run_trial(task(tmp_path, source), StubKernel()).outcome == "oom"


def test_a_damaged_input_stops_the_sweep(tmp_path: Path, source: Path) -> None:
    job = task(tmp_path, source)
    directory_of(job).input("a").write_bytes(b"counts of a stuB")
    receipt = run_trial(job, StubKernel())
    assert receipt.outcome == "storage"
    assert "damaged or altered" in receipt.message


def test_a_hopeless_trial_is_stopped_early(tmp_path: Path, source: Path) -> None:
    job = dataclasses.replace(task(tmp_path, source, n_steps=50), best_cost=1e-3)
    receipt = run_trial(job, StubKernel())
    assert receipt.outcome == "hopeless"
    assert "after 25 iterations" in receipt.message


def test_a_warm_start_uses_the_earlier_result(tmp_path: Path, source: Path) -> None:
    root = tmp_path / "s"
    grid = {"mu": [1, 2], "rank": 3, "warm_start": "mu"}
    declaration = declare("s", {"a": source}, grid)
    plan = make_plan(SweepDirectory(root), declaration, StubKernel()).plan
    first, second = plan.trials
    assert (first.settings["mu"], second.after) == (2, first.id)
    base = task(tmp_path / "other", source)
    for trial in (first, second):
        job = dataclasses.replace(base, root=str(root), trial=trial)
        assert run_trial(job, StubKernel()).outcome == "done"
    cold = declare("s", {"a": source}, {"mu": [1, 2], "rank": 3})
    cold_ids = {
        t.id for t in make_plan(SweepDirectory(root), cold, StubKernel()).plan.trials
    }
    assert second.id in cold_ids
    assert len(cold_ids) == 3


def test_a_receipt_is_small() -> None:
    receipt = Receipt("ab12cd34ef56", 1, "done", 1.5, cost=3.25)
    assert len(pickle.dumps(receipt)) < 150
