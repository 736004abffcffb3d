"""The keeper sends no job for one that lives, and no more than it may."""

import asyncio
from pathlib import Path
from types import SimpleNamespace

import pytest

from hifred.sweep.executors.config import SlurmConfig
from hifred.sweep.executors.slurm import job_queue
from hifred.sweep.executors.slurm.journal import Journal
from hifred.sweep.executors.slurm.keeper import Keeper


class Queue:
    """A queue whose squeue may hide jobs, and which counts what was sent."""

    def __init__(self, n_jobs: int) -> None:
        self.sent: dict[str, str] = {}
        self.hidden = False
        self.workers: dict[str, SimpleNamespace] = {}
        self.worker_spec: dict[str, object] = {}
        self.scheduler = SimpleNamespace(workers={}, add_plugin=lambda plugin: None)
        self.request = SimpleNamespace(log=Path("/nowhere/log"))
        self.scale(n_jobs)

    def scale(self, jobs: int) -> None:
        while len(self.workers) < jobs:
            job_id = str(len(self.sent))
            self.sent[job_id] = "RUNNING"
            self.workers[f"w{job_id}"] = SimpleNamespace(job_id=job_id, failure=None)

    def sync(self, function, *args) -> None:
        asyncio.run(function(*args))

    def list_jobs(self, prefix: str) -> dict[str, job_queue.QueuedJob]:
        if self.hidden:
            return {}
        return {
            job_id: job_queue.QueuedJob(job_id, prefix, state, "node1", "None", "1:00")
            for job_id, state in self.sent.items()
            if not job_queue.has_ended(state)
        }

    def why_ended(self, job_id: str) -> str:
        return self.sent[job_id]


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Queue:
    found = Queue(2)
    monkeypatch.setattr(job_queue, "list_jobs", found.list_jobs)
    monkeypatch.setattr(job_queue, "why_ended", lambda job_id: found.why_ended(job_id))
    monkeypatch.setattr("hifred.sweep.executors.slurm.keeper._NEWBORN_SECONDS", -1.0)
    return found


@pytest.fixture
def keeper(queue: Queue, tmp_path: Path) -> Keeper:
    config = SlurmConfig(interface="lo", jobs=2)
    journal = Journal(tmp_path / "cluster/run.json", "hifred-a")
    return Keeper(queue, config, journal=journal, give_up=lambda reason: None)


def test_a_lost_job_is_replaced(keeper: Keeper, queue: Queue) -> None:
    queue.sent["0"] = "NODE_FAIL"
    keeper._arrivals.names.add("w0")
    keeper._look()
    assert list(queue.sent) == ["0", "1", "2"]
    assert keeper.journal.ended == {"NODE_FAIL": 1}


def test_a_job_that_only_squeue_hides_is_left_alone(
    keeper: Keeper, queue: Queue
) -> None:
    queue.hidden = True
    keeper._arrivals.names |= {"w0", "w1"}
    for _ in range(10):
        keeper._look()
    assert len(queue.sent) == 2
    assert "squeue does not list job" in keeper.journal.notes[-1].text
    assert [line.state for line in keeper.journal.live] == ["RUNNING", "RUNNING"]


def test_the_number_of_jobs_of_unknown_end_is_bounded(
    keeper: Keeper, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_queue, "why_ended", lambda job_id: "unknown")
    queue.hidden = True
    for _ in range(40):
        keeper._arrivals.names |= set(queue.workers)
        keeper._look()
    assert len(queue.sent) == 2 * 2 + keeper.config.give_up_after + 1
    assert "no more are sent" in keeper.journal.notes[-1].text


def test_jobs_that_end_one_after_the_other_are_all_replaced(
    keeper: Keeper, queue: Queue
) -> None:
    for _ in range(40):
        keeper._arrivals.names |= set(queue.workers)
        queue.sent[next(reversed(queue.sent))] = "TIMEOUT"
        keeper._look()
    assert len(queue.sent) == 42
