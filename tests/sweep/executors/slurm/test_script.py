"""Batch scripts say what the configuration says, and no more."""

import os
import shlex
import socket
import subprocess
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from hifred.errors import SettingsError
from hifred.settings import ByteSize, read_settings
from hifred.sweep.executors.config import SlurmConfig
from hifred.sweep.executors.slurm.driver_script import allocation_script, driver_script
from hifred.sweep.executors.slurm.network import check_interface
from hifred.sweep.executors.slurm.node_probe import _write_scratch
from hifred.sweep.executors.slurm.script import check_path, worker_command
from hifred.sweep.executors.slurm.worker_cluster import WorkerRequest


def config(**changes: object) -> SlurmConfig:
    return read_settings(SlurmConfig, {"interface": "lo", **changes})


def script(**changes: object) -> str:
    keys = Path("/keys")
    log, memory = Path("/logs/worker"), ByteSize.of_gib(3)
    request = WorkerRequest(config(**changes), "name", log, memory, keys)
    return request.script()


def test_a_worker_job_asks_for_one_node_and_is_not_requeued() -> None:
    lines = script(threads=3, workers_per_job=2, walltime="1-02:03:04").splitlines()
    for line in (
        "--job-name=name",
        "--nodes=1",
        "--ntasks=1",
        "--cpus-per-task=6",
        "--mem=6400M",
        "--time=1-02:03:04",
        "--no-requeue",
    ):
        assert f"#SBATCH {line}" in lines


def test_each_trial_has_a_process_of_its_own_with_its_threads() -> None:
    text = script(threads=3, workers_per_job=2)
    assert "export OMP_NUM_THREADS=3" in text
    assert "--nthreads=1" in text
    assert text.count("work --name=") == 2


def test_nothing_listens_beyond_the_interface_and_loopback() -> None:
    text = script()
    assert "--interface=lo" in text
    assert "--dashboard-address=127.0.0.1:0" in text
    assert "--tls-key=/keys/key.pem" in text
    assert "--protocol=tls" in text


def test_skipped_and_extra_directives_are_honoured_by_whole_names() -> None:
    text = script(skip_directives=["--mem", "-t"], extra_directives=["--gres=gpu:1"])
    assert "--mem=" not in text
    assert "#SBATCH --time=" in text  # '-t' is not the name that we write
    assert "#SBATCH --cpus-per-task=" in text
    assert "#SBATCH --gres=gpu:1" in text


def test_the_driver_script_comes_back_and_quotes_its_paths(tmp_path: Path) -> None:
    text = driver_script(tmp_path, config(), Path("/a b/c.toml"), jobs=7)
    assert "#SBATCH --requeue" in text
    assert "#SBATCH --signal=B:USR1@120" in text
    assert "'/a b/c.toml' --workers 7" in text
    assert_is_bash(text)


def test_a_single_allocation_holds_all_workers(tmp_path: Path) -> None:
    cluster = config(threads=2, margin="00:02:00")
    text = allocation_script(
        tmp_path, cluster, Path("/c.toml"), memory=ByteSize.of_gib(4), jobs=5
    )
    assert "#SBATCH --signal=B:USR1@120\n" in text  # seconds: SLURM reads no clock
    assert "#SBATCH --ntasks=5" in text
    assert "#SBATCH --mem-per-cpu=2048M" in text
    assert "--single-job" in text
    assert_is_bash(text)


def assert_is_bash(text: str) -> None:
    checked = subprocess.run(["bash", "-n"], input=text, text=True, check=False)
    assert checked.returncode == 0


@pytest.mark.parametrize(
    ("ends", "times", "code"),
    [
        (["kill -9 $$", "kill -11 $$", "exit 0"], 3, 0),  # a trial took it down: again
        (["exit 0"], 1, 0),  # its scheduler closed it
        (["exit 1"], 1, 1),  # it found no scheduler
        (["kill -9 $$"] * 9, 3, 1),  # it cannot even start
    ],
)
def test_a_worker_is_restarted_after_a_crash_only(
    tmp_path: Path, ends: list[str], times: int, code: int
) -> None:
    fake = tmp_path / "python"
    cases = "\n".join(f"{i}) {end} ;;" for i, end in enumerate(ends))
    fake.write_text(
        f"#!/bin/bash\nn=$(cat {tmp_path}/n 2>/dev/null || echo 0)\n"
        f"echo $((n + 1)) > {tmp_path}/n\ncase $n in\n{cases}\nesac\n"
    )
    fake.chmod(0o755)
    function = worker_command(config(python=str(fake)), "tls://x", tls_directory=None)
    run = ["bash", "-c", f"{function}\nwork --name=a"]
    done = subprocess.run(run, capture_output=True, check=False)
    assert (done.returncode, int((tmp_path / "n").read_text())) == (code, times)


ODD = "it's (a) $HOME & `sweep`"


def test_odd_paths_reach_a_worker_as_they_are(tmp_path: Path) -> None:
    fake = tmp_path / ODD / "python"
    fake.parent.mkdir()
    fake.write_text(f'#!/bin/bash\nprintf "%s\\n" "$@" > {tmp_path}/words\n')
    fake.chmod(0o755)
    keys = tmp_path / ODD
    found = config(container=shlex.quote(str(tmp_path / "run")), python="inner")
    (tmp_path / "run").write_text(fake.read_text())
    (tmp_path / "run").chmod(0o755)
    function = worker_command(found, "tls://x", tls_directory=keys)
    subprocess.run(["bash", "-c", f"{function}\nwork"], check=False)
    words = (tmp_path / "words").read_text().splitlines()
    assert words[0] == "inner"
    assert f"--tls-key={keys / 'key.pem'}" in words


def test_scratch_is_filled_in_on_the_node_and_runs_nothing(tmp_path: Path) -> None:
    fake = tmp_path / "python"
    fake.write_text(f'#!/bin/bash\nprintf "%s\\n" "$@" > {tmp_path}/words\n')
    fake.chmod(0o755)
    scratch = f"$MINE/$(touch{{}})/`touch`{tmp_path}"
    function = worker_command(
        config(python=str(fake), local_directory=scratch), "tls://x", tls_directory=None
    )
    environment = {**os.environ, "MINE": "/a b"}
    subprocess.run(["bash", "-c", f"{function}\nwork"], env=environment, check=False)
    words = (tmp_path / "words").read_text().splitlines()
    told = f"--local-directory=/a b/$(touch{{}})/`touch`{tmp_path}"
    assert told in words


def test_a_container_runs_workers_and_driver(tmp_path: Path) -> None:
    found = config(container="apptainer exec --bind '/my data' img.sif")
    start = "apptainer exec --bind '/my data' img.sif python -m"
    assert f"{start} distributed" in worker_command(found, "x", tls_directory=None)
    assert f"{start} hifred.cli run" in driver_script(tmp_path, found, Path("/c.toml"))
    whole = config(python="apptainer exec img.sif python3")
    text = worker_command(whole, "x", tls_directory=None)
    assert "apptainer exec img.sif python3 -m distributed" in text


def test_a_quote_that_is_not_closed_is_told() -> None:
    with pytest.raises(SettingsError, match="container must be words"):
        worker_command(config(container="run 'it"), "x", tls_directory=None)


@pytest.mark.parametrize("path", ["/a'b", '/a"b', "/100%j", "/a\\b"])
def test_a_path_that_sbatch_would_change_is_refused(path: str) -> None:
    with pytest.raises(SettingsError, match="log_directory must not hold"):
        check_path("log_directory", Path(path))


def test_a_path_with_parentheses_is_taken() -> None:
    check_path("log_directory", Path("/runs (1)".replace(" ", "_")))


def test_an_interface_without_ipv4_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    address = SimpleNamespace(family=socket.AF_PACKET, address="aa:bb:cc:dd:ee:ff")
    real = psutil.net_if_addrs()
    there = {**real, "ib0": [address]}
    monkeypatch.setattr(psutil, "net_if_addrs", lambda: there)
    with pytest.raises(SettingsError, match="'ib0', which has no IPv4 address"):
        check_interface("ib0")
    with pytest.raises(SettingsError, match=r"one of this host's \(.*lo"):
        check_interface("absent")
    assert check_interface("lo").startswith("127.")


def test_scratch_of_a_variable_that_is_not_set_is_told_by_the_node() -> None:
    assert "not set there" in _write_scratch("$NO_SUCH_VARIABLE/hifred")


def test_a_path_with_spaces_is_refused() -> None:
    with pytest.raises(SettingsError, match="log_directory must not hold spaces"):
        check_path("log_directory", Path("/my logs"))
