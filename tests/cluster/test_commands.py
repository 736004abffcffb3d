"""`hifred run --cluster` and `hifred submit` with real fusions of small cubes."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hifred.cli import main
from hifred.sweep.executors.slurm import job_queue
from tests.cluster.bench import CONFIG, Bench

SWEEP = """\
[sweep]
name = "small"
seed = 7
[models.remnant]
simulate = { model = "gaussian_1kev_rebinned", shape = [45, 45], n_energies = 960 }
[[grid]]
regularizer = "lrs"
mu = { logspace = [0.001, 0.1, 12] }
rank = [2, 3, 4]
[[grid]]
regularizer = "low_rank"
rank = [2, 3, 4, 5]
"""
N_TRIALS = 40
pytestmark = pytest.mark.xdist_group("drills")


def hifred(*words: object, seconds: float = 240) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hifred.cli", *map(str, words)]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=seconds, check=False
    )


@pytest.fixture
def sweep(bench: Bench) -> Path:
    bench.sweep.mkdir()
    (bench.sweep / "sweep.toml").write_text(SWEEP, encoding="utf-8")
    return bench.sweep


def status(sweep: Path) -> dict[str, object]:
    facts: dict[str, object] = json.loads(hifred("status", sweep, "--json").stdout)
    return facts


def test_run_on_a_cluster_completes_a_grid_of_fusions(
    bench: Bench, sweep: Path
) -> None:
    done = hifred("run", sweep, "--cluster", CONFIG, "--quiet")
    assert done.returncode == 0, done.stderr
    assert bench.n_done() == N_TRIALS
    assert {event["host"] for event in bench.events("started")} == {"node1", "node2"}
    assert len({event["job"] for event in bench.events("started")}) == 4
    bench.wait_for_empty_queue()
    again = hifred("run", sweep, "--cluster", CONFIG, "--quiet")
    assert "nothing was run" in again.stdout


@pytest.mark.drill
def test_submit_returns_and_the_sweep_survives_its_drivers_death(
    bench: Bench, sweep: Path
) -> None:
    sent = hifred("submit", sweep, "--cluster", CONFIG, "--jobs", "3")
    assert sent.returncode == 0, sent.stderr
    driver = json.loads((sweep / "cluster" / "driver").read_text())["job_id"]
    refused = hifred("submit", sweep, "--cluster", CONFIG)
    assert refused.returncode == 2, bench.story()
    assert f"job {driver}" in refused.stderr

    bench.wait_for_done(1)
    lock = json.loads((sweep / "driver.lock").read_text())
    os.kill(lock["pid"], signal.SIGKILL)  # the batch job puts itself back
    assert bench.n_done() < N_TRIALS
    assert driver in str(status(sweep)["jobs"])
    bench.wait_for(lambda: bench.n_done() == N_TRIALS, "the whole grid", 150)
    bench.wait_for_empty_queue()
    assert status(sweep)["counts"]["done"] == N_TRIALS  # type: ignore[index]


@pytest.mark.drill
def test_a_driver_job_killed_whole_is_named_and_submitted_again(
    bench: Bench, sweep: Path
) -> None:
    assert hifred("submit", sweep, "--cluster", CONFIG).returncode == 0
    driver = json.loads((sweep / "cluster" / "driver").read_text())["job_id"]
    bench.wait_for_done(1)
    job_queue.run_queue_command("scancel", "--full", "--signal=KILL", driver)
    killed = time.monotonic()
    bench.wait_for_empty_queue()
    assert time.monotonic() - killed < 60
    assert "CANCELLED" in str(status(sweep)["jobs"]) or "FAILED" in str(
        status(sweep)["jobs"]
    )
    sent = hifred("submit", sweep, "--cluster", CONFIG, "--single-job", "--jobs", "3")
    assert sent.returncode == 0, sent.stderr
    bench.wait_for(lambda: bench.n_done() == N_TRIALS, "the whole grid", 150)
    bench.wait_for_empty_queue()


def test_cancel_ends_the_driver_and_its_workers(bench: Bench, sweep: Path) -> None:
    # More than can be done while the command starts on a busy machine.
    many = SWEEP.replace("0.1, 12]", "0.1, 200]")
    (sweep / "sweep.toml").write_text(many, encoding="utf-8")
    assert hifred("submit", sweep, "--cluster", CONFIG, "--jobs", "2").returncode == 0
    bench.wait_for_done(1)
    told = hifred("cancel", sweep)
    assert "their driver, ends" in told.stdout, told.stderr
    bench.wait_for_empty_queue()
    assert status(sweep)["counts"]["cancelled"] > 0  # type: ignore[index]


def test_dry_run_prints_what_would_be_sent(bench: Bench, sweep: Path) -> None:
    told = hifred("submit", sweep, "--cluster", CONFIG, "--dry-run")
    assert told.returncode == 0, told.stderr
    assert "#SBATCH --time=00:30:00" in told.stdout
    assert "dask_worker" in told.stdout
    assert not bench.jobs()


def test_doctor_passes_on_the_test_slurm(bench: Bench) -> None:
    found = hifred("doctor", CONFIG, "--directory", bench.folder)
    assert found.returncode == 0, found.stdout
    assert "FAIL" not in found.stdout
    assert "clock" in found.stdout


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"partitoin": '"main"'}, "did you mean 'partition'?"),
        ({"account_required": "true"}, "account must be set"),
        ({"walltime": '"00:00:30"'}, "margin must be shorter than walltime"),
        ({"interface": '"ib7"'}, "interface must be one of this host's"),
        ({"partition": '"nowhere"'}, "SLURM must accept the job"),
        ({"partition": '"closed"'}, "SLURM must accept the job"),
        ({"memory": '"900GiB"'}, "SLURM must accept the job"),
    ],
)
@pytest.mark.parametrize("command", ["run", "submit"])
def test_a_wrong_config_gets_one_sentence_before_anything_is_submitted(
    bench: Bench,
    sweep: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    *,
    changes: dict[str, str],
    sentence: str,
    command: str,
) -> None:
    bench.configure(**changes)
    words = ["hifred", command, str(sweep), "--cluster", str(bench.config)]
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit) as ended:
        main()
    begun, *told = capsys.readouterr().err.strip().splitlines()
    assert ended.value.code == 2
    assert begun == f"hifred {command} ..."
    assert len(told) == 1
    assert sentence in told[0]
    assert not bench.jobs()
