"""The queue's own commands: what runs, why a job ended, how to end one."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from hifred.errors import HifredError

# Longer than slurmctld's usual MessageTimeout (10 s), after which commands give up.
COMMAND_SECONDS = 30.0
_SEPARATOR = "\x1f"


class QueueError(HifredError):
    """A queue command failed; the message holds what it said."""


@dataclass(frozen=True)
class QueuedJob:
    """One line of squeue.

    Parameters
    ----------
    job_id, name, state, node, reason : str
        State in words such as ``"RUNNING"``; reason of a job that waits.
    left : str
        Time that the job has left, as squeue prints it.
    """

    job_id: str
    name: str
    state: str
    node: str
    reason: str
    left: str


# A user's SQUEUE_STATES, SQUEUE_FORMAT, SACCT_..., or a locale, would shape the answer.
_NEEDED = (
    "PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "TZ", "LD_LIBRARY_PATH", "SLURM_CONF",
    "KRB5CCNAME",
)  # fmt: skip
_SCHEDULER = (
    "SLURM", "SBATCH", "SRUN", "SALLOC", "SQUEUE", "SACCT", "SCANCEL", "SCONTROL",
    "SINFO", "SACCTMGR",
)  # fmt: skip


def question_environment() -> dict[str, str]:
    """Return the little environment in which the queue is asked, the same for all."""
    found = {name: os.environ[name] for name in _NEEDED if name in os.environ}
    return found | {"LC_ALL": "C"}


def clean_environment() -> dict[str, str]:
    """Return this process's environment without what speaks to the scheduler.

    A job gets it. A driver that is itself a job would otherwise hand its own memory,
    CPUs and scratch to the worker jobs that it submits, and a user's own defaults
    would overrule the configuration.
    """
    return {
        name: value
        for name, value in os.environ.items()
        if name == "SLURM_CONF" or not name.startswith(_SCHEDULER)
    }


def missing_programs(
    programs: Sequence[str] = ("sbatch", "squeue", "scancel", "scontrol"),
) -> list[str]:
    """Return those of `programs` that are not on the PATH."""
    return [program for program in programs if shutil.which(program) is None]


def run_queue_command(*command: str, stdin: str | None = None) -> str:
    """Run one command of the queue and return what it printed.

    Raises
    ------
    QueueError
        If it is not there, fails, or does not answer in 30 s.
    """
    try:
        done = subprocess.run(
            command,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            env=clean_environment() if stdin is not None else question_environment(),
            check=False,
        )
    except FileNotFoundError as error:
        message = (
            f"{command[0]} must be on the PATH; got nothing. "
            f"Run this on a login node of the cluster (or load its module)."
        )
        raise QueueError(message) from error
    except subprocess.TimeoutExpired as error:
        message = f"{command[0]} did not answer in {COMMAND_SECONDS:.0f} s"
        raise QueueError(message) from error
    if done.returncode != 0:
        raise QueueError(f"{command[0]}: {_last_words(done.stderr or done.stdout)}")
    # sbatch --test-only says when the job would start on its standard error.
    return done.stdout or done.stderr


def _last_words(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower()] or lines[-1:]
    words = "; ".join(dict.fromkeys(errors)) or "failed without a word"
    for noise in ("sbatch: error: ", "squeue: error: ", "slurm_load_jobs error: "):
        words = words.replace(noise, "")
    return words


# States of jobs that will not run again, by any version.
_ENDED = (
    "BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "LAUNCH_FAILED",
    "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED", "RECONFIG_FAIL", "REVOKED", "TIMEOUT",
)  # fmt: skip


def has_ended(state: str) -> bool:
    """Say whether a job in `state`, such as ``"CANCELLED by 1000"``, is at its end."""
    return state.split(" ")[0].rstrip("+") in _ENDED


def list_jobs(prefix: str) -> dict[str, QueuedJob]:
    """Return this user's jobs whose name starts with `prefix`, by job id.

    Those that have ended, which squeue remembers for a while, are left out.

    Raises
    ------
    QueueError
        If squeue fails; that says nothing about the jobs.
    """
    fields = _SEPARATOR.join(("%A", "%j", "%T", "%N", "%r", "%L"))
    # `--me` came with SLURM 20.02; all states, because a user's default may be any.
    user = f"--user={os.getuid()}"
    options = ("--noheader", "--states=all", f"--format={fields}")
    printed = run_queue_command("squeue", user, *options)
    rows = (line.split(_SEPARATOR) for line in printed.splitlines())
    jobs = (QueuedJob(*row) for row in rows if len(row) == 6)
    return {
        job.job_id: job
        for job in jobs
        if job.name.startswith(prefix) and not has_ended(job.state)
    }


def cancel_jobs(job_ids: Sequence[str]) -> None:
    """End these jobs; those that are gone already do not matter."""
    if job_ids:
        run_queue_command("scancel", "--quiet", *job_ids)


def submit_script(script: str) -> str:
    """Submit a batch script and return the job id."""
    return run_queue_command("sbatch", "--parsable", stdin=script).split(";")[0].strip()


def try_script(script: str) -> str:
    """Ask sbatch whether it would take `script`; nothing is submitted."""
    return run_queue_command("sbatch", "--test-only", stdin=script).strip()


def why_ended(job_id: str) -> str:
    """Return why a job ended, such as ``"TIMEOUT"``, or ``"unknown"``.

    The controller remembers jobs for some minutes (MinJobAge), the accounting
    database, where there is one, for ever.
    """
    try:
        printed = run_queue_command("scontrol", "--oneliner", "show", "job", job_id)
        fields = dict(part.split("=", 1) for part in printed.split() if "=" in part)
        return _describe_end(fields)
    except QueueError:
        pass
    try:
        command = ("sacct", "-X", "-n", "-P", "-o", "State", "-j", job_id)
        state = run_queue_command(*command).strip()
    except QueueError:
        return "unknown"
    return state.splitlines()[0].split()[0] if state else "unknown"


def _describe_end(fields: dict[str, str]) -> str:
    state = fields.get("JobState", "unknown")
    reason = fields.get("Reason", "None")
    code, _, signal = fields.get("ExitCode", "0:0").partition(":")
    details = [f"exit code {code}"] if code != "0" else []
    details += [f"signal {signal}"] if signal not in ("", "0") else []
    details += [reason] if reason not in ("None", "NonZeroExitCode") else []
    return f"{state} ({', '.join(details)})" if details else state


def seconds_left(job_id: str) -> float | None:
    """Return the seconds until a job's time limit, or None where it has no limit."""
    printed = run_queue_command(
        "squeue", "--noheader", "--states=all", "--format=%L", f"--jobs={job_id}"
    )
    return parse_time_left(printed.strip())


def parse_time_left(text: str) -> float | None:
    """Return the seconds in squeue's ``[days-][hours:]minutes:seconds``."""
    days, _, clock = text.rpartition("-")
    parts = clock.split(":")
    if not all(part.isdigit() for part in parts) or not 2 <= len(parts) <= 3:
        return None  # UNLIMITED, NOT_SET, INVALID
    seconds = 0
    for part in parts:
        seconds = seconds * 60 + int(part)
    return float(seconds + (int(days) * 86400 if days.isdigit() else 0))
