"""The workers on this machine: their environment."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import dask
import distributed
import pytest

from hifred.sweep.executors import dask_executor
from hifred.sweep.executors.executor import as_finished
from hifred.sweep.executors.local import LocalExecutor

ROOT = Path(__file__).parents[3]
SCRIPT = """
import numba
from hifred.sweep.executors.local import LocalExecutor
from hifred.threads import use_threads

def compiled(number):
    with use_threads(1):
        return numba.njit(lambda x: x + 1)(number)

if __name__ == "__main__":
    with LocalExecutor(1, threads=numba.config.NUMBA_NUM_THREADS + 1) as executor:
        (future,) = executor.submit(compiled, [(1,)])
        print("answer", future.result())
"""


def call(function):
    return function()


def answer_of(executor, function):
    (future,) = as_finished(executor.submit(call, [(function,)]))
    return future.result()


def test_workers_keep_freed_memory_and_have_the_threads_of_a_trial():
    with LocalExecutor(1, threads=1) as executor:
        seen = answer_of(executor, lambda: dict(os.environ))

    assert "MALLOC_TRIM_THRESHOLD_" not in seen
    assert seen["OMP_NUM_THREADS"] == "1"


@pytest.mark.slow
def test_workers_compile_for_a_script_that_imports_the_compiler(tmp_path):
    script = tmp_path / "sweep.py"
    script.write_text(SCRIPT)
    done = run_script(script)
    assert "answer 2" in done.stdout, done.stderr


@pytest.mark.slow
def test_a_worker_that_dask_gives_up_is_started_again():
    # Given up at once, not when it is not back after 15 s.
    impatient = {"distributed.deploy.lost-worker-timeout": "1ms"}
    with dask.config.set(impatient), LocalExecutor(1) as executor:
        for _ in range(2):
            first = answer_of(executor, os.getpid)
            os.kill(first, signal.SIGKILL)
            time.sleep(0.5)
            seen = answer_of(
                executor, lambda: dict(os.environ) | {"": str(os.getpid())}
            )
            assert seen[""] != str(first)
            assert "MALLOC_TRIM_THRESHOLD_" not in seen


def test_answers_come_as_tasks_finish_and_may_be_fetched_together(monkeypatch):
    # A task may take longer than fetching its answer may.
    monkeypatch.setattr(dask_executor, "ANSWER_SECONDS", 0.5)
    with LocalExecutor(2) as executor:
        # Long: on a busy machine the others must be done by then.
        slow, *quick = executor.submit(time.sleep, [(4.0,)] + 4 * [(0.05,)])
        order = list(as_finished([slow, *quick]))
        assert order[-1] is slow
        executor.fetch(order)
        assert [future.result() for future in order] == [None] * 5


class Stubborn:
    """A cluster whose workers do not stop in time."""

    def close(self, timeout: float) -> None:
        raise TimeoutError(f"timed out after {timeout} s.")


class StubbornExecutor(dask_executor.DaskExecutor):
    def make_cluster(self):
        raise NotImplementedError


def test_workers_that_are_slow_to_stop_lose_nothing(caplog):
    executor = StubbornExecutor(1)
    executor.cluster = Stubborn()
    executor.__exit__(None, None, None)
    assert "workers have not stopped in 20 s" in caplog.text


HOSTILE = """
distributed:
  scheduler:
    {worker-ttl: 1 s, idle-timeout: 1 s, no-workers-timeout: 1 s, preload: [no_such]}
  worker: {lifetime: {duration: 1 s}, preload: [no_such], resources: {gpu: 1}}
  nanny: {preload: [no_such]}
  comm: {timeouts: {tcp: 1 s}}
"""


@pytest.mark.slow
def test_no_configuration_of_a_user_s_other_clusters_reaches_a_sweep(tmp_path):
    (tmp_path / ".config/dask").mkdir(parents=True)
    (tmp_path / ".config/dask/mine.yaml").write_text(HOSTILE)
    script = tmp_path / "sweep.py"
    script.write_text(
        "import time\n"
        "from hifred.sweep.executors.local import LocalExecutor\n"
        "if __name__ == '__main__':\n"
        "    with LocalExecutor(1, threads=1) as executor:\n"
        "        (future,) = executor.submit(time.sleep, [(3,)])\n"
        "        print('slept', future.result(), executor.client.ncores())\n"
    )
    done = run_script(script, HOME=str(tmp_path), DASK_DISTRIBUTED__WORKER__DAEMON="1")
    assert "slept None" in done.stdout, done.stderr


@pytest.mark.skipif(
    distributed.__version__ < "2026", reason="it begins such workers again and again"
)
def test_a_script_without_a_guard_is_told(tmp_path):
    script = tmp_path / "sweep.py"
    script.write_text(
        "from hifred.sweep.executors.local import LocalExecutor\n"
        "LocalExecutor(1, threads=1).__enter__()\n"
    )
    done = run_script(script)
    assert done.returncode != 0
    assert "worker processes must be able to start" in done.stderr
    assert "below `if __name__ == '__main__':`" in done.stderr


def run_script(script, **variables):
    return subprocess.run(
        [sys.executable, script],
        env=os.environ | {"PYTHONPATH": str(ROOT)} | variables,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
