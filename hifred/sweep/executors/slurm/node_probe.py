"""What `hifred doctor` runs on a node: look around, write one answer file."""

import json
import os
import socket
import ssl
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from hifred import __version__
from hifred.sweep.executors.slurm.job_queue import seconds_left

ANSWER = "answer.json"


def probe_node(question: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return what this node sees.

    Parameters
    ----------
    question : dict
        ``token`` that the login node wrote, ``local_directory``, and ``address`` (host
        and port) of a listener with the certificate in `folder`.
    folder : Path
        The shared directory that holds the question.
    """
    local = Path(os.path.expandvars(question["local_directory"]))
    return {
        "time": time.time(),
        "host": os.environ.get("SLURMD_NODENAME", socket.gethostname()),
        "version": __version__,
        "interfaces": sorted(psutil.net_if_addrs()),
        "link": _say(lambda: _link_and_rename(folder)),
        "scratch": _say(lambda: _write_scratch(local)),
        "scratch_free_gib": _say(lambda: psutil.disk_usage(str(local)).free / 2**30),
        "connect": _say(lambda: _connect(question["address"], folder)),
        "squeue": _say(_ask_queue),
    }


def _say(check: Callable[[], Any]) -> Any:
    try:
        return check()
    except (OSError, ValueError) as error:
        return f"{type(error).__name__}: {error}"


def _link_and_rename(folder: Path) -> str:
    first, second, third = (folder / name for name in ("first", "second", "third"))
    first.write_text("hifred", encoding="ascii")
    os.link(first, second)
    second.rename(third)
    same = first.stat().st_ino == third.stat().st_ino
    return "ok" if same else "a hard link became a copy"


def _write_scratch(local: Path) -> str:
    local.mkdir(parents=True, exist_ok=True)
    path = local / f"hifred-doctor-{os.getpid()}"
    path.write_bytes(bytes(1 << 20))
    path.unlink()
    return "ok"


def _connect(address: tuple[str, int], folder: Path) -> str:
    certificate = str(folder / "certificate.pem")
    context = ssl.create_default_context(cafile=certificate)
    context.check_hostname = False
    context.load_cert_chain(certificate, str(folder / "key.pem"))
    with (
        socket.create_connection((address[0], address[1]), timeout=20) as plain,
        context.wrap_socket(plain) as secure,
    ):
        return secure.recv(16).decode()


def _ask_queue() -> str:
    seconds_left(os.environ["SLURM_JOB_ID"])
    return "ok"


def main() -> None:
    """Answer the question that lies in the directory given on the command line."""
    folder = Path(sys.argv[1])
    question = json.loads((folder / "question.json").read_text(encoding="utf-8"))
    answer = json.dumps(probe_node(question, folder))
    part = folder / "answer.part"
    part.write_text(answer, encoding="utf-8")
    part.rename(folder / ANSWER)


if __name__ == "__main__":
    main()
