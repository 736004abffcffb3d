"""The workers on this machine: their environment."""

import os
import signal
import threading
import time

import dask
import pytest

from hifred.sweep.executors.local import LocalExecutor


def test_workers_keep_freed_memory_and_have_the_threads_of_a_trial():
    with LocalExecutor(1, threads=1) as executor:
        seen = executor.submit(lambda: dict(os.environ)).result()

    assert "MALLOC_TRIM_THRESHOLD_" not in seen
    assert seen["OMP_NUM_THREADS"] == "1"


@pytest.mark.slow
def test_a_worker_that_dask_gives_up_is_started_again():
    # Given up at once, not when it is not back after 15 s.
    impatient = {"distributed.deploy.lost-worker-timeout": "1ms"}
    with dask.config.set(impatient), LocalExecutor(1) as executor:
        for _ in range(2):
            first = executor.submit(os.getpid).result()
            os.kill(first, signal.SIGKILL)
            time.sleep(0.5)
            again = executor.submit(lambda: dict(os.environ) | {"": str(os.getpid())})
            answered = threading.Event()
            again.add_done_callback(lambda _, told=answered: told.set())
            assert answered.wait(60)
            seen = again.result()
            assert seen[""] != str(first)
            assert "MALLOC_TRIM_THRESHOLD_" not in seen
