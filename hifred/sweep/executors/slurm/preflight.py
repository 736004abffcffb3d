"""What must be right before the first job is submitted."""

import os
from pathlib import Path

from hifred.errors import HifredError, SettingsError
from hifred.sweep.executors.slurm import job_queue
from hifred.sweep.executors.slurm.network import check_interface
from hifred.sweep.executors.slurm.script import check_path


def check_before_submitting(
    script: str, *, interfaces: set[str], directories: dict[str, Path]
) -> str:
    """Check this host, the directories and the script; nothing is submitted.

    Parameters
    ----------
    script : str
        The batch script that is to be submitted.
    interfaces : set of str
        Network interfaces that must be on this host.
    directories : dict
        Directories that must be writable, by the name of their config key.

    Returns
    -------
    str
        What ``sbatch --test-only`` says: when and where the job would start.

    Raises
    ------
    HifredError
        In one sentence, for the first thing that is wrong.
    """
    check_programs()
    for interface in sorted(interfaces):
        check_interface(interface)
    for name, directory in directories.items():
        check_directory(name, directory)
    return check_script(script)


def check_programs() -> None:
    """Refuse to go on where SLURM's commands are not."""
    missing = job_queue.missing_programs()
    if missing:
        message = (
            f"{', '.join(missing)} must be on the PATH; got nothing. "
            f"Run this on a login node of the cluster (or load its module)."
        )
        raise HifredError(message)


def check_directory(name: str, directory: Path) -> None:
    """Make `directory`, or refuse it."""
    check_path(name, directory)
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror
    else:
        reason = "no permission to write"
    if not os.access(directory, os.W_OK):
        message = (
            f"{name} must be writable; got {str(directory)!r} ({reason}). "
            f"Name a directory on the shared file system."
        )
        raise SettingsError(message)


def check_script(script: str) -> str:
    """Ask sbatch whether it would take the script."""
    try:
        return job_queue.try_script(script)
    except job_queue.QueueError as error:
        message = (
            f"SLURM must accept the job; got {str(error)!r}. Correct partition, "
            f"account, walltime, memory or extra_directives in the cluster config."
        )
        raise SettingsError(message) from error
