"""Run a sweep of stub trials as a process of its own, to be killed by a test."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Sequence
from pathlib import Path

import dask
import psutil
from distributed.utils import get_mp_context

from hifred.store.checkpoint import load_checkpoint
from hifred.store.trial_file import verify_trial
from hifred.sweep.driver.run import run_sweep
from hifred.sweep.executors import dask_executor
from hifred.sweep.record.event_log import EventReader
from hifred.sweep.record.layout import SweepDirectory
from tests.sweep.stub_kernels import StubKernel

ROOT = Path(__file__).parents[2]


def start(sweep: Path, *words: str) -> subprocess.Popen[str]:
    """Start a driver in a process group of its own."""
    command = [sys.executable, "-m", "tests.sweep.drive", str(sweep), *words]
    return subprocess.Popen(
        command, cwd=ROOT, start_new_session=True, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def workers_of(driver: subprocess.Popen[str]) -> list[psutil.Process]:
    """Return the processes that run trials for `driver`."""
    try:
        children = psutil.Process(driver.pid).children(recursive=True)
    except psutil.Error:
        return []
    return [child for child in children if _runs_trials(child, driver.pid)]


def _runs_trials(process: psutil.Process, driver: int) -> bool:
    try:
        command = " ".join(process.cmdline())
        is_forked = "forkserver" in command and process.ppid() != driver
    except psutil.Error:  # it has just died
        return False
    return is_forked or "spawn_main" in command


def hurry() -> None:
    """Have workers forked by a server that has run a trial: 0.8 s, not 6.

    What waits for a dead worker waits less long, too.
    """
    dask.config.set({
        "distributed.worker.multiprocessing-method": "forkserver",
        "distributed.deploy.lost-worker-timeout": "3s",
    })  # fmt: skip
    get_mp_context().set_forkserver_preload(["distributed", "tests.sweep.warm_worker"])
    dask_executor.ANSWER_SECONDS = 1.0


def kill_group(driver: subprocess.Popen[str]) -> None:
    """Kill a driver and everything it started, at once."""
    victims = [driver.pid, *(w.pid for w in workers_of(driver))]
    for pid in victims:
        kill(pid)
    driver.wait()


def kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def fork_and_kill(run, seconds: float, begun=lambda: True) -> None:
    """Run in a forked child; kill it `seconds` after it has `begun`, if it lives."""
    pid = os.fork()
    if pid == 0:
        try:
            run()
        finally:
            os._exit(0)
    until = time.monotonic() + 60
    while (
        not begun()
        and time.monotonic() < until
        and not os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    ):
        time.sleep(0.002)
    time.sleep(seconds)
    kill(pid)
    os.waitpid(pid, 0)


def assert_all_valid(sweep: Path, known: Collection[str] = ()) -> set[str]:
    """Every published trial and checkpoint is whole; return the former.

    Those `known` to have been whole are only asked to be there.
    """
    directory = SweepDirectory(sweep)
    published = directory.published()
    assert set(known) <= published
    for trial_id in published.difference(known):
        verify_trial(directory.trial(trial_id), trial_id)
    for path in directory.checkpoints.glob("*.npz"):
        # A trial that is running removes it when it is done.
        with contextlib.suppress(FileNotFoundError):
            load_checkpoint(path, path.stem)
    return published


def at_work(sweep: Path, driver: subprocess.Popen[str]) -> set[int]:
    """Return the living processes of `driver` that have begun a trial."""
    events = EventReader(SweepDirectory(sweep).events).new_records()
    begun = {event["pid"] for event in events if event["event"] == "started"}
    return begun & {worker.pid for worker in workers_of(driver)}


def starts_of(sweep: Path) -> list[tuple[str, int]]:
    """Return trial and attempt of everything that was ever started."""
    events = EventReader(SweepDirectory(sweep).events).new_records()
    return [(e["id"], e["n"]) for e in events if e["event"] == "started"]


def logs_of(sweep: Path) -> set[Path]:
    """Return the logs that there are."""
    return set((sweep / "events").glob("*.jsonl"))


def n_started(sweep: Path, known: set[Path]) -> int:
    """Return how many trials were begun, by all logs but those that are known."""
    new = logs_of(sweep) - known
    return sum(path.read_bytes().count(b'"event":"started"') for path in new)


def main(words: Sequence[str]) -> int:
    options = dict(word.split("=") for word in words[1:])
    executor = options.pop("executor", "local")
    if options.pop("hurry", ""):
        hurry()
    numbers = {name: float(value) for name, value in options.items()}
    if "workers" in numbers:
        numbers["workers"] = int(numbers["workers"])
    report = run_sweep(words[0], executor=executor, kernel=StubKernel(), **numbers)
    sys.stdout.write(f"{report.snapshot.counts} {report.message}\n")
    return report.exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
