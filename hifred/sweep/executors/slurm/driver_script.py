"""Batch scripts whose job is the driver itself, and that come back until it is done."""

from dataclasses import replace
from pathlib import Path

from hifred.settings import ByteSize
from hifred.sweep.executors.config import SlurmConfig
from hifred.sweep.executors.slurm.run_files import directory_from, job_prefix
from hifred.sweep.executors.slurm.script import (
    JobRequest,
    check_path,
    directives,
    exports,
)
from hifred.sweep.executors.slurm.shell_words import python_words, shell_word
from hifred.sweep.record.layout import SweepDirectory

# Time for the driver to stop its workers and write its books.
_WARNING_SECONDS = 120

# The batch script outlives its driver: it passes on the warning that SLURM sends before
# the time limit, and puts the job back into the queue after a time limit or a crash.
# Exit codes up to 3 are the driver's words: done, failures, wrong input, incomplete.
_BODY = """
end=""
trap 'end=limit; kill -TERM "$driver" 2>/dev/null' USR1
trap 'end=cancelled; kill -TERM "$driver" 2>/dev/null' TERM
{command} &
driver=$!
while :; do
  wait "$driver"
  code=$?
  kill -0 "$driver" 2>/dev/null || break
done
again=""
[ "$end" = limit ] && [ "$code" -ge 3 ] && again="time limit"
[ -z "$end" ] && [ "$code" -gt 3 ] && [ "${{SLURM_RESTART_COUNT:-0}}" -lt {crashes} ] &&
  again="crash, code $code"
if [ -n "$again" ]; then
  # Nobody else can know so soon that this driver is dead.
  grep -q "\"pid\": $driver," {lock} 2>/dev/null && rm -f {lock}
  echo "hifred: the driver's job goes back into the queue ($again)" >&2
  scontrol requeue "$SLURM_JOB_ID" && sleep 60
fi
exit "$code"
"""
_CRASHES_FORGIVEN = 5


def driver_name(sweep: Path) -> str:
    """Return the name of the driver's job."""
    return f"{job_prefix(sweep)}-driver"


def driver_script(
    sweep: Path, config: SlurmConfig, config_file: Path, *, jobs: int | None = None
) -> str:
    """Return the batch script of a driver that starts worker jobs.

    Parameters
    ----------
    sweep : Path
        The sweep directory.
    config : SlurmConfig
    config_file : Path
        Where the driver reads that configuration again.
    jobs : int or None
        Worker jobs wanted; None means the configuration's number.
    """
    driver = config.driver
    own = replace(
        config,
        partition=driver.partition or config.partition,
        extra_directives=driver.extra_directives,
    )
    request = JobRequest(
        name=driver_name(sweep),
        log=_log(sweep, config),
        cpus=1,
        memory=driver.memory,
        walltime=driver.walltime,
    )
    warning = min(_WARNING_SECONDS, driver.walltime // 4)
    return _script(
        sweep,
        directives(own, request, _comes_back(warning)),
        [*config.prologue, *exports(1)],
        _run_command(sweep, config, config_file, jobs),
    )


def allocation_script(
    sweep: Path,
    config: SlurmConfig,
    config_file: Path,
    *,
    memory: ByteSize,
    jobs: int | None = None,
) -> str:
    """Return the batch script of one allocation that holds driver and workers.

    Parameters
    ----------
    sweep, config, config_file, jobs
        As for `driver_script`; `jobs` times `workers_per_job` tasks are asked for.
    memory : ByteSize
        Memory of one trial.
    """
    request = JobRequest(
        name=driver_name(sweep),
        log=_log(sweep, config),
        cpus=config.threads,
        memory=memory,
        walltime=config.walltime,
        tasks=(jobs or config.jobs) * config.workers_per_job,
        nodes=None,
    )
    return _script(
        sweep,
        directives(config, request, [*_comes_back(config.margin), "--no-kill"]),
        [*config.prologue, *exports(config.threads)],
        _run_command(sweep, config, config_file, None) + " --single-job",
    )


def _comes_back(warning: int) -> list[str]:
    return ["--requeue", "--open-mode=append", f"--signal=B:USR1@{int(warning)}"]


def _log(sweep: Path, config: SlurmConfig) -> Path:
    folder = directory_from(config.log_directory, sweep.resolve() / "logs")
    check_path("log_directory", folder)
    return folder / "driver"


def _run_command(
    sweep: Path, config: SlurmConfig, config_file: Path, jobs: int | None
) -> str:
    words = ["-m", "hifred.cli", "run"]
    words += [str(sweep.resolve()), "--cluster", str(config_file.resolve())]
    words += ["--workers", str(jobs)] if jobs else []
    return " ".join([*python_words(config), *map(shell_word, words)])


def _script(sweep: Path, header: list[str], prologue: list[str], command: str) -> str:
    lock = shell_word(str(SweepDirectory(sweep.resolve()).lock))
    body = _BODY.format(command=command, crashes=_CRASHES_FORGIVEN, lock=lock)
    return "\n".join(["#!/usr/bin/env bash", *header, *prologue]) + "\n" + body
