"""The workers on this machine: their environment."""

import os

from hifred.sweep.executors.local import LocalExecutor


def test_workers_keep_freed_memory_and_have_the_threads_of_a_trial():
    with LocalExecutor(1, threads=1) as executor:
        seen = executor.submit(lambda: dict(os.environ)).result()

    assert "MALLOC_TRIM_THRESHOLD_" not in seen
    assert seen["OMP_NUM_THREADS"] == "1"
