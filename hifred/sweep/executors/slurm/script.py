"""Batch scripts: every ``#SBATCH`` line and export that a job gets, in one place."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from hifred.errors import SettingsError
from hifred.settings import ByteSize, Duration
from hifred.sweep.executors.config import SlurmConfig
from hifred.sweep.executors.dask_executor import dask_environment, thread_environment
from hifred.sweep.executors.slurm.shell_words import (
    filled_in_word,
    python_words,
    shell_word,
)


@dataclass(frozen=True)
class JobRequest:
    """What one job asks SLURM for.

    Parameters
    ----------
    name : str
        Job name, one word.
    log : Path
        Log file without ending; SLURM adds the job id, ``.out`` and ``.err``.
    tasks, cpus, memory
        Tasks, CPUs of a task, and memory of a task.
    walltime : Duration
    nodes : str or None
        ``-N``; None leaves it to SLURM.
    """

    name: str
    log: Path
    cpus: int
    memory: ByteSize
    walltime: Duration
    tasks: int = 1
    nodes: str | None = "1"


def directives(
    config: SlurmConfig, request: JobRequest, extra: Iterable[str] = ()
) -> list[str]:
    """Return the ``#SBATCH`` lines of a job, those of `skip_directives` left out."""
    memory = (
        f"--mem={_whole_mib(request.memory)}M"
        if request.tasks == 1
        else f"--mem-per-cpu={_whole_mib(request.memory, request.cpus)}M"
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
        f"--time={request.walltime}",
    ]
    kept = [line for line in wanted if line and not _is_skipped(line, config)]
    return [f"#SBATCH {line}" for line in (*kept, *config.extra_directives, *extra)]


def _whole_mib(memory: ByteSize, n_parts: int = 1) -> int:
    return -(-memory // (n_parts * 2**20))


def _is_skipped(line: str, config: SlurmConfig) -> bool:
    return line.split("=")[0] in config.skip_directives


def exports(threads: int) -> list[str]:
    """Return the lines that set up a worker's environment.

    The numerical libraries get `threads` threads, and Dask what local workers get.
    """
    variables = thread_environment(threads) | dask_environment()
    return [f"export {name}={value}" for name, value in variables.items()]


# A worker that a trial has taken down (a signal, or a guard after a while) starts
# again; one that cannot start, or that its scheduler has closed, does not.  The shell
# does what Dask's nanny would, without a second Python in each job.  It stays when the
# job is told to end: a worker without its shell could outlive the job.
_KEEP_WORKING = """\
work() {{
  quick=0
  ending=""
  trap 'ending=yes' TERM
  while [ "$quick" -lt 3 ]; do
    began=$SECONDS
    {command} "$@"
    code=$?
    lived=$((SECONDS - began))
    if [ "$lived" -lt 5 ]; then quick=$((quick + 1)); else quick=0; fi
    if [ "$code" -eq 0 ] || [ -n "$ending" ]; then return "$code"; fi
    if [ "$code" -le 128 ] && [ "$lived" -lt 60 ]; then return "$code"; fi
  done
  return 1
}}
"""


def worker_command(
    config: SlurmConfig, scheduler: str, *, tls_directory: Path | None
) -> str:
    """Return the shell function ``work``, which runs one Dask worker and restarts it.

    Parameters
    ----------
    config : SlurmConfig
    scheduler : str
        Address of the scheduler.
    tls_directory : Path or None
        Where the certificates lie; None means no encryption.
    """
    words = [
        *python_words(config),
        "-m distributed.cli.dask_worker",
        shell_word(scheduler),
        "--nthreads=1",  # one crashing trial must not take a neighbour with it
        "--no-nanny",
        "--memory-limit=0",
        "--death-timeout=45",  # without a driver a job ends within the minute
        f"--local-directory={filled_in_word(config.local_directory)}",
        f"--interface={shell_word(config.interface)}",
        "--no-dashboard",
        "--dashboard-address=127.0.0.1:0",  # of its health page
    ]
    if tls_directory is not None:
        certificate = shell_word(str(tls_directory / "certificate.pem"))
        words += ["--protocol=tls", f"--tls-ca-file={certificate}"]
        words += [f"--tls-cert={certificate}"]
        words += [f"--tls-key={shell_word(str(tls_directory / 'key.pem'))}"]
    return _KEEP_WORKING.format(command=" ".join(words))


def check_path(name: str, path: Path) -> None:
    """Refuse a path that an ``#SBATCH`` line cannot hold."""
    text = str(path)
    spaces = any(character.isspace() for character in text)
    # sbatch takes quotes and backslashes away, and fills in %j and its kin.
    told = sorted(set(text) & set("\"'\\%#"))
    if not spaces and not told:
        return
    what = "spaces" if spaces else " ".join(told)
    raise SettingsError(
        f"{name} must not hold {what}, which #SBATCH lines cannot quote; "
        f"got {text!r}. Move the sweep or name another directory."
    )
