"""Faults of a cluster: no finished trial is lost, no innocent one fails."""

import os
import time

from hifred.sweep.executors.slurm import queue
from tests.cluster.bench import Bench

SWEEP_OF_40 = {"regularizer": "lrs", "mu": {"linspace": [0.1, 4.0, 40]}, "rank": 2}


def test_run_completes_a_grid_although_jobs_are_cancelled(bench: Bench) -> None:
    bench.plan({**SWEEP_OF_40, "n_steps": 4, "sleep": 0.2})
    bench.start_driver()
    bench.wait_for_done(2)
    queue.cancel_jobs(bench.jobs("RUNNING")[:2])
    assert bench.finish() == 0
    assert bench.n_done() == 40
    assert bench.snapshot().n_bad == 0
    assert not bench.jobs()
