"""What `status` says of the jobs of a sweep, of this run and of those before."""

from pathlib import Path

from hifred.sweep.executors.jobs import describe_jobs, read_jobs
from hifred.sweep.executors.slurm.journal import FOLDER, Journal


def run_of(sweep: Path, name: str, *causes: str) -> None:
    journal = Journal(sweep / FOLDER / f"{name}.json", f"hifred-{name}")
    for cause in causes:
        journal.count_end(cause)
    journal.state = "ended"
    journal.write()


def test_a_sweep_without_jobs_has_nothing_to_say(tmp_path: Path) -> None:
    assert read_jobs(tmp_path) == {}
    assert describe_jobs(tmp_path) == []


def test_earlier_runs_are_remembered(tmp_path: Path) -> None:
    run_of(tmp_path, "first", "TIMEOUT", "NODE_FAIL")
    run_of(tmp_path, "second", "TIMEOUT")
    run_of(tmp_path, "third")
    told = read_jobs(tmp_path)
    assert told["run"]["job_name"] == "hifred-third"
    assert [page["job_name"] for page in told["earlier_runs"]] == [
        "hifred-first", "hifred-second",
    ]  # fmt: skip
    line, latest = describe_jobs(tmp_path)
    assert line == "2 earlier runs; their jobs ended: 2 TIMEOUT, 1 NODE_FAIL"
    assert "hifred-third" in latest
