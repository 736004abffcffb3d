"""Faults of a cluster: no finished trial is lost, no innocent one fails."""

import contextlib
import os
import signal
import time

import pytest

from hifred.sweep.executors.jobs import describe_jobs
from hifred.sweep.executors.slurm import job_queue
from tests.cluster.bench import Bench, scontrol
from tests.cluster.conftest import local_slurm

pytestmark = pytest.mark.xdist_group("drills")


def grid(count: int, **settings: object) -> dict[str, object]:
    """Return `count` trials of about 0.8 s."""
    spread = {"linspace": [0.1, 4.0, count]}
    return {
        "regularizer": "lrs",
        "mu": spread,
        "rank": 2,
        "n_steps": 4,
        "sleep": 0.2,
        **settings,
    }


def assert_all_done(bench: Bench, count: int) -> None:
    assert bench.finish() == 0, bench.story()
    assert bench.n_done() == count
    assert bench.snapshot().n_bad == 0, bench.story()
    bench.wait_for_empty_queue()


def bring_back(node: str) -> None:
    """Let a node work again; a controller that was restarted may have done so."""
    with contextlib.suppress(job_queue.QueueError):
        scontrol("update", f"nodename={node}", "state=resume")


@pytest.mark.drill
def test_cancelled_jobs_are_replaced(bench: Bench) -> None:
    """scancel of running and of pending worker jobs, on two nodes."""
    bench.configure(jobs="6", memory='"3GiB"')  # two of six have to wait
    bench.plan(grid(40))
    bench.start_driver()
    bench.wait_for_done(2)
    bench.wait_for(lambda: bool(bench.jobs("PENDING")), "a pending job")
    running, pending = bench.jobs("RUNNING"), bench.jobs("PENDING")
    job_queue.cancel_jobs([*running[:2], pending[0]])
    told = "CANCELLED"
    bench.wait_for(lambda: told in str(bench.ended()), told)
    assert any(told in line for line in describe_jobs(bench.sweep))
    assert_all_done(bench, 40)
    nodes = {event["host"] for event in bench.events("started")}
    assert nodes == {"node1", "node2"}


def test_a_killed_worker_and_a_killed_driver_lose_nothing(bench: Bench) -> None:
    bench.plan(grid(48))
    bench.start_driver()
    bench.wait_for_done(3)
    first = bench.workers()
    os.kill(next(iter(first)), signal.SIGKILL)
    bench.wait_for(lambda: bool(bench.workers() - first), "a restarted worker")
    bench.kill_driver()
    killed = time.time()
    bench.wait_for_empty_queue()
    finished = bench.n_done()
    bench.start_driver()
    assert_all_done(bench, 48)
    again = [event for event in bench.events("finished") if event["time"] > killed]
    assert len(again) <= 48 - finished + 4  # those that ended after the driver did


@pytest.mark.drill
def test_a_node_set_down_and_a_dead_controller_are_survived(bench: Bench) -> None:
    bench.plan(grid(48))
    bench.start_driver()
    bench.wait_for_done(3)
    try:
        scontrol("update", "nodename=node2", "state=down", "reason=drill")
        told = "NODE_FAIL"
        bench.wait_for(lambda: told in str(bench.ended()), told)
        local_slurm("controller-down")
        time.sleep(10)
    finally:
        local_slurm("controller-up")
        bring_back("node2")
    assert_all_done(bench, 48)
    assert "does not answer" in bench.notes()


@pytest.mark.drill
def test_a_refused_sbatch_in_the_middle_stops_aloud_and_resumes(bench: Bench) -> None:
    bench.configure(partition='"fragile"')
    bench.plan(grid(48))
    bench.start_driver()
    bench.wait_for_done(3)
    try:
        scontrol("update", "partitionname=fragile", "state=drain")
        job_queue.cancel_jobs(bench.jobs()[:2])
        bench.wait_for(lambda: "refused" in bench.notes(), "a note of the refusal")
        bench.wait_for_done(12)  # the other two go on
        job_queue.cancel_jobs(bench.jobs())
        assert bench.finish() == 3, bench.story()
    finally:
        scontrol("update", "partitionname=fragile", "state=up")
    assert any("partition" in line.lower() for line in describe_jobs(bench.sweep))
    bench.wait_for_empty_queue()
    bench.start_driver()
    assert_all_done(bench, 48)


@pytest.mark.drill
def test_preempted_jobs_are_replaced(bench: Bench) -> None:
    bench.plan(grid(32, n_steps=25))
    bench.start_driver()
    bench.wait_for_done(3)
    urgent = job_queue.submit_script(
        "#!/bin/bash\n#SBATCH -J hifred-urgent -p urgent -w node2 --exclusive -t 1\n"
        "#SBATCH -o /dev/null\nsleep 8\n"
    )
    try:
        told = "PREEMPTED"
        bench.wait_for(lambda: told in str(bench.ended()), told)
        assert_all_done(bench, 32)
    finally:
        job_queue.cancel_jobs([urgent])


@pytest.mark.drill
def test_poison_and_hungry_trials_fail_alone(bench: Bench) -> None:
    poison = grid(1, mu=9.0, behaviour="kill")
    hungry = grid(1, mu=8.0, behaviour="memory")
    bench.plan(grid(16), poison, hungry, retries={"lost": 1, "oom": 0})
    bench.start_driver()
    assert bench.finish() == 1, bench.story()
    told = bench.snapshot()
    assert bench.n_done() == 16
    assert told.counts["lost"] == 1
    assert told.counts["oom"] == 1
    causes = " ".join(cause for cause, _ in told.errors)
    assert "MiB allowed" in causes
    assert "process died" in causes or "killed" in causes
    bench.wait_for_empty_queue()
