"""What the queue prints, and what it means."""

import pytest

from hifred.sweep.executors.slurm import causes, job_queue
from hifred.sweep.executors.slurm.worker_cluster import check_foundations


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("59", None),
        ("1:02", 62.0),
        ("2:00:03", 7203.0),
        ("1-00:00:10", 86410.0),
        ("UNLIMITED", None),
        ("", None),
    ],
)
def test_time_left_is_read_as_squeue_prints_it(
    text: str, seconds: float | None
) -> None:
    assert job_queue.parse_time_left(text) == seconds


def test_a_job_does_not_hand_its_own_limits_to_the_jobs_it_submits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SLURM_MEM_PER_NODE", "1")
    monkeypatch.setenv("SBATCH_PARTITION", "x")
    monkeypatch.setenv("SLURM_CONF", "/conf")
    clean = job_queue.clean_environment()
    assert clean["SLURM_CONF"] == "/conf"
    assert not [name for name in clean if name.startswith(("SLURM_MEM", "SBATCH"))]


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        ("CANCELLED (signal 15)", "stopped"),
        ("PREEMPTED (signal 15)", "stopped"),
        ("TIMEOUT", "timeout"),
        ("OUT_OF_MEMORY (signal 9)", "oom"),
        ("NODE_FAIL", "lost"),
        ("RUNNING", "lost"),
    ],
)
def test_the_end_of_a_job_tells_whose_fault_it_was(
    monkeypatch: pytest.MonkeyPatch, state: str, outcome: str
) -> None:
    monkeypatch.setattr(job_queue, "why_ended", lambda _: state)
    assert causes.explain_end("7", patience_seconds=0).outcome == outcome


def test_a_command_that_is_not_there_is_told_with_its_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(
        job_queue.QueueError, match=r"squeue must be on the PATH.*login"
    ):
        job_queue.list_jobs("x")


def test_the_private_parts_that_the_keeper_needs_are_there() -> None:
    check_foundations()
