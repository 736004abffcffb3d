"""What the queue prints, and what it means."""

import os
import random
from pathlib import Path

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


FAKE = """#!/bin/sh
env | grep -v "^_=\\|^PWD=\\|^SHLVL=\\|^OLDPWD=" | sort > "{log}"
echo "$@" >> "{log}"
printf '7\\037hifred-a\\037RUNNING\\037node1\\037None\\0371:00\\n'
printf '8\\037hifred-a\\037CANCELLED\\037node1\\037None\\0371:00\\n'
printf '9\\037other\\037PENDING\\037\\037Priority\\0371:00\\n'
"""
NAMES = ("STATES", "PARTITION", "NAMES", "QOS", "FORMAT", "FORMAT2", "ALL", "USERS",
         "SORT", "TIME_FORMAT", "CLUSTERS", "LICENSES")  # fmt: skip


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put queue commands on the PATH that write down how they are called."""
    log = tmp_path / "log"
    for name in ("squeue", "scontrol", "sacct", "scancel"):
        path = tmp_path / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(FAKE.format(log=log))
        path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    return log


def test_no_variable_of_a_user_shapes_the_question(
    said: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(5)
    asked = set()
    for _ in range(200):
        with monkeypatch.context() as context:
            for tool in ("SQUEUE", "SBATCH", "SLURM", "SACCT", "SCONTROL"):
                for name in rng.sample(NAMES, 3):
                    context.setenv(f"{tool}_{name}", rng.choice(["all", "x", "1"]))
            context.setenv("LC_ALL", rng.choice(["de_DE.UTF-8", "C", "ja_JP"]))
            context.setenv("LS_COLORS", rng.choice(["", "di=01;34"]))
            assert list(job_queue.list_jobs("hifred")) == ["7"]
            asked.add(said.read_text())
    assert len(asked) == 1


def test_jobs_are_asked_for_by_user_and_in_all_states(said: Path) -> None:
    # `--me` is unknown to SLURM before 20.02.
    job_queue.list_jobs("hifred")
    words = said.read_text().splitlines()[-1].split()
    assert f"--user={os.getuid()}" in words
    assert "--states=all" in words
    assert "--me" not in words


def test_a_job_gets_the_environment_but_for_the_schedulers_part(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SQUEUE_STATES", "all")
    monkeypatch.setenv("SACCT_FORMAT", "x")
    monkeypatch.setenv("PROJECT", "/project/mine")
    clean = job_queue.clean_environment()
    assert clean["PROJECT"] == "/project/mine"
    assert not {"SQUEUE_STATES", "SACCT_FORMAT"} & set(clean)


@pytest.mark.parametrize(
    ("state", "ended"),
    [("CANCELLED by 1000", True), ("TIMEOUT", True), ("CANCELLED+", True),
     ("RUNNING", False), ("REQUEUED", False), ("unknown", False)],
)  # fmt: skip
def test_ended_states_are_known(state: str, ended: bool) -> None:
    assert job_queue.has_ended(state) == ended


def test_the_private_parts_that_the_keeper_needs_are_there() -> None:
    check_foundations()
