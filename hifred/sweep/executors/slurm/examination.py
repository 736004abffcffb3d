"""Probes of a cluster that pass or say what to change."""

import os
from collections.abc import Iterator
from pathlib import Path

from hifred.errors import HifredError
from hifred.sweep.executors.config import SlurmConfig
from hifred.sweep.executors.memory import UNKNOWN
from hifred.sweep.executors.probe_finding import ProbeFinding, find
from hifred.sweep.executors.slurm import job_queue
from hifred.sweep.executors.slurm.network import check_interface
from hifred.sweep.executors.slurm.preflight import (
    check_directory,
    check_programs,
    check_script,
)
from hifred.sweep.executors.slurm.run_files import directory_from
from hifred.sweep.executors.slurm.shared_folder import ask_node
from hifred.sweep.executors.slurm.worker_cluster import WorkerRequest, check_foundations

_FREE_INODES = 10_000
_CLOCK_SECONDS = 5.0


def examine_slurm(
    config: SlurmConfig, folder: Path, *, job: bool = True
) -> Iterator[ProbeFinding]:
    """Probe this host, the queue and, through a small job, one node.

    Parameters
    ----------
    config : SlurmConfig
    folder : Path
        A directory on the file system where sweeps are to lie.
    job : bool
        Whether a probe job may be submitted (it runs for seconds).

    Yields
    ------
    ProbeFinding
        One a probe, as soon as it is known.
    """
    name, log = "hifred-doctor", folder / "doctor"
    request = WorkerRequest(config, name, log, config.memory or UNKNOWN, None)
    yield find("commands", _look_at_commands)
    yield find("libraries", _look_at_libraries)
    interface = config.scheduler_interface or config.interface
    yield find("interface", lambda: _look_at_interface(interface))
    yield find("directory", lambda: look_at_directory(folder))
    yield find("log_directory", lambda: _look_at_logs(config, folder))
    yield find("queue", lambda: _look_at_queue(config))
    accepted = find("submission", lambda: check_script(request.script()))
    yield accepted
    if job and accepted.passed:
        yield from _look_from_node(config, folder)


def _look_at_commands() -> str:
    check_programs()
    version = job_queue.run_queue_command("sbatch", "--version").strip()
    accounting = "" if not job_queue.missing_programs(("sacct",)) else ", no sacct"
    return f"{version}{accounting}"


def _look_at_libraries() -> str:
    check_foundations()
    return "dask-jobqueue and distributed have what the keeper needs"


def _look_at_interface(interface: str) -> str:
    return f"{interface} is {check_interface(interface)} here"


def look_at_directory(folder: Path) -> str:
    """Return how much room a directory has, or refuse it."""
    check_directory("directory", folder)
    left = os.statvfs(folder)
    # A file system without a fixed number of inodes reports 0 in all.
    if left.f_files and left.f_favail < _FREE_INODES:
        message = (
            f"directory must have {_FREE_INODES} free inodes; {folder} has "
            f"{left.f_favail}. Delete files, or choose another file system."
        )
        raise HifredError(message)
    gib = left.f_bavail * left.f_frsize / 2**30
    return f"{folder} is writable, {gib:.0f} GiB free"


def _look_at_logs(config: SlurmConfig, folder: Path) -> str:
    logs = directory_from(config.log_directory, folder)
    check_directory("log_directory", logs)
    return f"logs go to {logs if config.log_directory else 'SWEEP/logs'}"


def _look_at_queue(config: SlurmConfig) -> str:
    printed = job_queue.run_queue_command("scontrol", "show", "config")
    pairs = (line.partition("=") for line in printed.splitlines())
    limits = {name.strip(): value.strip() for name, _, value in pairs}
    most = int(limits.get("MaxJobCount", "10000"))
    if config.jobs > most:
        message = (
            f"jobs must be at most {most} (MaxJobCount); got {config.jobs}. Lower it."
        )
        raise HifredError(message)
    arrays = limits.get("MaxArraySize", "unknown")
    wait = limits.get("KillWait", "unknown")
    return f"MaxJobCount {most}, MaxArraySize {arrays}, KillWait {wait}"


def _look_from_node(config: SlurmConfig, folder: Path) -> Iterator[ProbeFinding]:
    try:
        answer, skew = ask_node(config, folder)
    except (HifredError, OSError) as error:
        yield ProbeFinding("node", False, str(error))
        return
    node = answer.host
    yield ProbeFinding("node", True, f"{node} runs hifred {answer.version}")
    yield _expect("shared file system", answer.link, f"on {node}: hard link, rename")
    yield _expect("local_directory", answer.scratch, f"{config.local_directory} there")
    yield _expect("squeue on the node", answer.squeue, "the drain knows the job's end")
    yield _expect("TLS from the node", answer.connect, "certificate accepted")
    there = config.interface in answer.interfaces
    names = ", ".join(answer.interfaces)
    advice = f"interface must be one of {node}'s ({names}); got '{config.interface}'."
    yield ProbeFinding("interface there", there, config.interface if there else advice)
    yield _clock(skew)


def _expect(probe: str, answer: str, meaning: str) -> ProbeFinding:
    passed = answer == "ok"
    return ProbeFinding(probe, passed, meaning if passed else f"{meaning}: {answer}")


def _clock(skew: float) -> ProbeFinding:
    passed = abs(skew) < _CLOCK_SECONDS
    advice = "" if passed else " Ask the administrators to run NTP."
    return ProbeFinding(
        "clock", passed, f"the node's clock differs by {skew:.1f} s.{advice}"
    )
