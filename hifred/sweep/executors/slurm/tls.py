"""Certificates of one run, in a directory that only its owner can read."""

import shlex
import shutil
import stat
from pathlib import Path

from distributed.security import Security

from hifred.errors import HifredError
from hifred.sweep.executors.slurm.run_files import RunFiles

_ROLES = ("client", "scheduler", "worker")


def write_certificates(directory: Path) -> Security:
    """Make a key and certificate, write both to `directory` (0700), return their use.

    Files, not keys in memory: the workers, which start on other nodes, read them from
    the shared file system.
    """
    temporary = Security.temporary()
    directory.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _check_closed(directory.parent)
    directory.mkdir(mode=0o700)  # a new one: nobody else's, and no link
    directory.chmod(0o700)
    certificate = directory / "certificate.pem"
    key = directory / "key.pem"
    _write_secret(certificate, temporary.tls_ca_file)
    _write_secret(key, temporary.tls_client_key)
    return security_from(directory)


def security_from(directory: Path) -> Security:
    """Return the use of the certificates that `write_certificates` wrote."""
    certificate, key = str(directory / "certificate.pem"), str(directory / "key.pem")
    files = {f"tls_{role}_cert": certificate for role in _ROLES}
    files |= {f"tls_{role}_key": key for role in _ROLES}
    return Security(require_encryption=True, tls_ca_file=certificate, **files)


def remove_certificates(directory: Path) -> None:
    """Delete the certificates of a run that has ended."""
    shutil.rmtree(directory, ignore_errors=True)


def remove_stale_certificates(files: RunFiles) -> None:
    """Delete what earlier drivers of a sweep left that were killed.

    Called by the driver that holds the sweep's lock: nobody else is at work.
    """
    beside = files.journal.parent
    runs = {path.stem for path in beside.glob("*.json")}
    told = [files.tls.with_name(f"tls-{run}") for run in runs]
    for folder in {*told, *beside.glob("tls-*")} - {files.tls}:
        remove_certificates(folder)


def _write_secret(path: Path, text: str) -> None:
    path.touch(mode=0o600, exist_ok=False)
    path.chmod(0o600)
    path.write_text(text, encoding="ascii")


def _check_closed(folder: Path) -> None:
    """Raise `HifredError` if anybody could put another folder in the keys' place."""
    mode = folder.stat().st_mode
    if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
        raise HifredError(
            f"the folder of TLS keys must not be writable for all; {folder} is, with "
            f"mode {stat.S_IMODE(mode):o}. Run `chmod o-w {shlex.quote(str(folder))}`, "
            "or name another as tls_directory."
        )
