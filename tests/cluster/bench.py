"""What a drill needs: a sweep on the test SLURM, its jobs, and ways to do harm."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from hifred.sweep.executors.slurm import job_queue
from hifred.sweep.executors.slurm.journal import JournalPage, read_journals
from hifred.sweep.executors.slurm.run_files import job_prefix
from hifred.sweep.plan.declaration import declare
from hifred.sweep.plan.target import plan_sweep
from hifred.sweep.watch.snapshot import Snapshot, snapshot
from tests.sweep.stub_kernels import StubKernel

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "cluster_configs" / "test_slurm.toml"


class Bench:
    """One sweep of one test.

    Parameters
    ----------
    folder : Path
        The test's own directory.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sweep = folder / f"sweep{os.getpid()}"
        self.config = CONFIG
        self.driver: subprocess.Popen[bytes] | None = None
        self.output = folder / "driver.log"

    def plan(self, *grids: dict[str, Any], **run: Any) -> list[str]:
        """Plan stub trials; return their ids."""
        source = self.folder / "observations.bin"
        source.write_bytes(b"counts of a stub")
        run = {"checkpoint_every": 0.5, "progress_every": 0.3, **run}
        declaration = declare("drill", {"toy": source}, list(grids), run=run)
        planned = plan_sweep(declaration, directory=self.sweep, kernel=StubKernel())
        return [trial.id for trial in planned.plan.trials]

    def configure(self, **changes: str) -> None:
        """Use the test configuration with some lines replaced; values are TOML."""
        lines = CONFIG.read_text(encoding="utf-8").splitlines()
        top = [line for line in lines if line.split(" =")[0] not in changes]
        added = [f"{key} = {value}" for key, value in changes.items()]
        self.config = self.folder / "cluster.toml"
        self.config.write_text("\n".join([*added, *top]), encoding="utf-8")

    def start_driver(self) -> None:
        """Start the driver as a process of its own, as in a terminal."""
        with self.output.open("ab") as output:
            self.driver = subprocess.Popen(
                [sys.executable, "-m", "tests.cluster.drive", self.sweep, self.config],
                cwd=ROOT,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
            )

    def finish(self, seconds: float = 120.0) -> int:
        """Wait for the driver; return its exit code."""
        assert self.driver is not None
        try:
            return self.driver.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(self.story()) from None

    def kill_driver(self) -> None:
        assert self.driver is not None
        self.driver.send_signal(signal.SIGKILL)
        self.driver.wait()

    def snapshot(self) -> Snapshot:
        return snapshot(self.sweep)

    def n_done(self) -> int:
        return len(list((self.sweep / "trials").glob("??/*.zarr.zip")))

    def jobs(self, state: str | None = None) -> list[str]:
        """Return the ids of this sweep's jobs, all or those in one state."""
        found = job_queue.list_jobs(job_prefix(self.sweep)).values()
        return [job.job_id for job in found if state in (None, job.state)]

    def journal(self) -> JournalPage | None:
        """Return what the latest driver says of its jobs."""
        journals = read_journals(self.sweep)
        return journals[-1] if journals else None

    def ended(self) -> dict[str, int]:
        """Return how many of its jobs ended for each cause."""
        page = self.journal()
        return {} if page is None else page.ended

    def notes(self) -> str:
        page = self.journal()
        return " ".join(note.text for note in page.notes) if page else ""

    def wait_for(
        self, condition: Callable[[], bool], what: str, seconds: float = 60.0
    ) -> None:
        until = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < until, f"{what} did not come. {self.story()}"
            time.sleep(0.2)

    def wait_for_empty_queue(self) -> None:
        """Allow the minute that a job may outlive its driver."""
        self.wait_for(lambda: not self.jobs(), "an empty queue", 60)

    def wait_for_done(self, count: int) -> None:
        self.wait_for(lambda: self.n_done() >= count, f"{count} finished trials")

    def events(self, kind: str) -> list[dict[str, Any]]:
        """Return all events of one kind."""
        lines = [
            json.loads(line)
            for path in (self.sweep / "events").glob("*.jsonl")
            for line in path.read_text(encoding="utf-8").splitlines()
        ]
        return [line for line in lines if line["event"] == kind]

    def workers(self) -> set[int]:
        """Return the ids of all processes that ever started a trial."""
        return {event["pid"] for event in self.events("started")}

    def story(self) -> str:
        """Return what is known, for a failing test."""
        log = self.output.read_text(encoding="utf-8", errors="replace")[-3000:]
        ends = [event.get("message") for event in self.events("ended")]
        queue_now = scontrol("show", "jobs")[-500:]
        return f"{self.snapshot()}\n{ends}\n{self.journal()}\n{log}\n{queue_now}"

    def tidy(self) -> None:
        """End the driver and whatever it left; nothing stays behind."""
        if self.driver is not None and self.driver.poll() is None:
            self.kill_driver()
        job_queue.cancel_jobs(self.jobs())
        until = time.monotonic() + 40
        while (left := self.processes()) or self.jobs():
            if time.monotonic() > until:
                for process in left:
                    process.kill()
                raise AssertionError(f"workers outlive their jobs: {left}")
            time.sleep(0.3)

    def processes(self) -> list[psutil.Process]:
        """Return the processes of the jobs of this sweep."""
        return [
            process
            for process in psutil.process_iter(["cmdline"])
            if any(str(self.sweep) in word for word in process.info["cmdline"] or [])
        ]


def scontrol(*words: str) -> str:
    return job_queue.run_queue_command("scontrol", *words)
