"""Importing dask_jobqueue must not change how this process is interrupted."""

import subprocess
import sys

import pytest


def in_a_fresh_process(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or done.stderr


@pytest.mark.slow
def test_the_interrupt_handler_is_kept() -> None:
    told = in_a_fresh_process(
        "import signal; before = signal.getsignal(signal.SIGINT)\n"
        "import hifred.sweep.executors.slurm.worker_cluster\n"
        "print(signal.getsignal(signal.SIGINT) is before)"
    )
    assert told == "True"


@pytest.mark.slow
def test_it_can_be_imported_in_any_thread() -> None:
    told = in_a_fresh_process(
        "import threading\n"
        "def load():\n"
        "    import hifred.sweep.executors.slurm.worker_cluster\n"
        "    print('loaded')\n"
        "thread = threading.Thread(target=load); thread.start(); thread.join()"
    )
    assert told == "loaded"
