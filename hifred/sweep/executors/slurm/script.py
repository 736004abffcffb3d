"""Batch scripts: every ``#SBATCH`` line and export that a job gets, in one place."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil
from pathlib import Path

from hifred.errors import SettingsError
from hifred.sweep.executors.base import thread_environment
from hifred.sweep.executors.config import SlurmConfig, format_duration


@dataclass(frozen=True)
class JobRequest:
    """What one job asks SLURM for.

    Parameters
    ----------
    name : str
        Job name, one word.
    log : Path
        Log file without ending; SLURM adds the job id, ``.out`` and ``.err``.
    tasks, cpus, memory_gib
        Tasks, CPUs of a task, and memory of a task (GiB).
    walltime : seconds
    nodes : str or None
        ``-N``; None leaves it to SLURM.
    """

    name: str
    log: Path
    cpus: int
    memory_gib: float
    walltime: int
    tasks: int = 1
    nodes: str | None = "1"


def directives(
    config: SlurmConfig, request: JobRequest, extra: Iterable[str] = ()
) -> list[str]:
    """Return the ``#SBATCH`` lines of a job, those of `skip_directives` left out."""
    per_cpu = ceil(request.memory_gib * 1024 / request.cpus)
    memory = (
        f"--mem={ceil(request.memory_gib * 1024)}M"
        if request.tasks == 1
        else f"--mem-per-cpu={per_cpu}M"
    )
    wanted = [
        f"--job-name={request.name}",
        f"--output={request.log}-%j.out",
        f"--error={request.log}-%j.err",
        f"--partition={config.partition}" if config.partition else "",
        f"--account={config.account}" if config.account else "",
        f"--nodes={request.nodes}" if request.nodes else "",
        f"--ntasks={request.tasks}",
        f"--cpus-per-task={request.cpus}",
        memory,
        f"--time={format_duration(request.walltime)}",
    ]
    kept = [line for line in wanted if line and not _is_skipped(line, config)]
    return [f"#SBATCH {line}" for line in (*kept, *config.extra_directives, *extra)]


def _is_skipped(line: str, config: SlurmConfig) -> bool:
    return line.split("=")[0] in config.skip_directives


def thread_exports(threads: int) -> list[str]:
    """Return the lines that give the numerical libraries `threads` threads.

    Dask's nanny sets one thread before it starts a worker unless told otherwise.
    """
    variables = thread_environment(threads)
    numbers = {name: int(value) for name, value in variables.items()}
    return [
        *(f"export {name}={value}" for name, value in variables.items()),
        f'export DASK_DISTRIBUTED__NANNY__PRE_SPAWN_ENVIRON="{numbers}"',
    ]


def worker_exports() -> list[str]:
    """Return the lines that keep Dask from managing the memory of a worker.

    Trials hold their arrays themselves, so there is nothing to spill; a worker that
    Dask un-pauses would take new trials while it drains; and the trial's own guard
    names its cause when memory runs out, which the nanny's does not.
    """
    memory = "export DASK_DISTRIBUTED__WORKER__MEMORY__"
    return [
        f"{memory}{name}=False" for name in ("TARGET", "SPILL", "PAUSE", "TERMINATE")
    ]


def worker_command(
    config: SlurmConfig,
    scheduler: str,
    *,
    tls_directory: Path | None,
    name: str | None = None,
    workers: int = 1,
) -> str:
    """Return the shell command that starts Dask workers.

    Parameters
    ----------
    config : SlurmConfig
    scheduler : str
        Address of the scheduler.
    tls_directory : Path or None
        Where the certificates lie; None means no encryption.
    name : str or None
        Name of the worker; None means its address.
    workers : int
        Worker processes of this command.
    """
    words = [
        config.python or sys.executable,
        "-m distributed.cli.dask_worker",
        scheduler,
        *([f"--name={name}"] if name else []),
        "--nthreads=1",  # one crashing trial must not take a neighbour with it
        f"--nworkers={workers}",
        "--nanny",
        "--memory-limit=0",
        "--death-timeout=45",  # without a driver a job ends within the minute
        f"--local-directory={config.local_directory}",
        f"--interface={config.interface}",
        "--dashboard-address=127.0.0.1:0",
    ]
    if tls_directory is not None:
        certificate = tls_directory / "certificate.pem"
        words += ["--protocol=tls", f"--tls-ca-file={certificate}"]
        words += [f"--tls-cert={certificate}"]
        words += [f"--tls-key={tls_directory / 'key.pem'}"]
    return " ".join(words)


def check_path(name: str, path: Path) -> None:
    """Refuse a path that an ``#SBATCH`` line cannot hold."""
    if any(character.isspace() for character in str(path)):
        message = (
            f"{name} must not hold spaces, which #SBATCH lines cannot quote; "
            f"got {str(path)!r}. Move the sweep or name another directory."
        )
        raise SettingsError(message)
