"""Whatever a user exports, the same jobs in the same states are seen and sent."""

import random
import time
from collections.abc import Iterator

import pytest

from hifred.sweep.executors.slurm import job_queue

pytestmark = pytest.mark.xdist_group("drills")

N_ENVIRONMENTS = 200
NAME = "hifred-environments"
SCRIPT = f"""#!/bin/sh
#SBATCH --job-name={NAME}-{{name}}
#SBATCH --time=00:05:00
#SBATCH --mem=50M
#SBATCH --output=/dev/null
{{line}}
sleep 240
"""
# What the manuals of squeue, sbatch, sacct and scontrol read, with values that change
# their answers.
VALUES = {
    "SQUEUE_STATES": ("all", "CANCELLED", "PENDING", "nonsense"),
    "SQUEUE_PARTITION": ("nowhere", "debug"),
    "SQUEUE_NAMES": ("other", "x,y"),
    "SQUEUE_QOS": ("none",),
    "SQUEUE_USERS": ("nobody",),
    "SQUEUE_ACCOUNT": ("other",),
    "SQUEUE_FORMAT": ("%i", "%.18i %T"),
    "SQUEUE_FORMAT2": ("JobID",),
    "SQUEUE_SORT": ("-i", "T"),
    "SQUEUE_PRIORITY": ("1",),
    "SQUEUE_ARRAY": ("1",),
    "SQUEUE_ALL": ("1",),
    "SQUEUE_FEDERATION": ("1",),
    "SQUEUE_LICENSES": ("none",),
    "SACCT_FORMAT": ("JobID",),
    "SACCT_FEDERATION": ("1",),
    "SBATCH_PARTITION": ("nowhere",),
    "SBATCH_ACCOUNT": ("other",),
    "SBATCH_JOB_NAME": ("other",),
    "SBATCH_MEM_PER_NODE": ("900G",),
    "SBATCH_TIMELIMIT": ("1",),
    "SBATCH_REQUEUE": ("1",),
    "SBATCH_HOLD": ("1",),
    "SLURM_TIME_FORMAT": ("relative", "%s"),
    "SLURM_JOB_ID": ("1",),
    "SLURM_MEM_PER_NODE": ("900000",),
    "SLURM_CLUSTERS": ("elsewhere",),
    "SLURM_CLI_FILTER_OPTIONS": ("x",),
    "SLURM_BITSTR_LEN": ("1",),
    "LANG": ("tr_TR.UTF-8", "C"),
    "LC_ALL": ("de_DE.UTF-8", "tr_TR.UTF-8"),
    "LS_COLORS": ("di=01;34",),
    "CLICOLOR_FORCE": ("1",),
    "COLUMNS": ("10",),
}


@pytest.fixture(scope="module")
def job_ids(slurm: None) -> Iterator[list[str]]:
    """Send a job that runs, one that waits and one that was cancelled."""
    scripts = {"runs": "", "waits": "#SBATCH --hold", "ends": "#SBATCH --hold"}
    ids = [
        job_queue.submit_script(SCRIPT.format(name=name, line=line))
        for name, line in scripts.items()
    ]
    job_queue.cancel_jobs(ids[2:])
    until = time.monotonic() + 60
    while (listed := job_queue.list_jobs(NAME)).get(ids[0]) is None or (
        listed[ids[0]].state != "RUNNING" or ids[2] in listed
    ):
        assert time.monotonic() < until, listed
        time.sleep(0.2)
    yield ids
    job_queue.cancel_jobs(ids)


def answers(job_ids: list[str]) -> tuple[dict[str, tuple[str, str, str]], str]:
    listed = job_queue.list_jobs(NAME).values()
    states = {job.job_id: (job.name, job.state, job.node) for job in listed}
    return states, job_queue.why_ended(job_ids[2])


def test_the_queue_is_seen_the_same_in_any_environment(
    job_ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = answers(job_ids)
    assert len(expected[0]) == 2
    draw = random.Random(20260101)
    for _ in range(N_ENVIRONMENTS):
        chosen = draw.sample(sorted(VALUES), draw.randint(1, 8))
        with monkeypatch.context() as patch:
            for name in chosen:
                patch.setenv(name, draw.choice(VALUES[name]))
            assert answers(job_ids) == expected, chosen


@pytest.mark.parametrize("seed", range(10))
def test_the_same_job_is_sent_in_any_environment(
    slurm: None, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    draw = random.Random(seed)
    for name in draw.sample(sorted(VALUES), 8):
        monkeypatch.setenv(name, draw.choice(VALUES[name]))
    script = SCRIPT.format(name="sent", line="")
    job_id = job_queue.submit_script(script)
    try:
        told = job_queue.run_queue_command("scontrol", "-o", "show", "job", job_id)
        facts = dict(part.split("=", 1) for part in told.split() if "=" in part)
        assert facts["JobName"] == f"{NAME}-sent"
        assert facts["TimeLimit"] == "00:05:00"
        assert facts["MinMemoryNode"] == "50M"
    finally:
        job_queue.cancel_jobs([job_id])
