"""What `hifred doctor` runs on a node: look around, write one answer file."""

import json
import os
import socket
import ssl
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import final

from pydantic import TypeAdapter

from hifred import __version__
from hifred.store.durable import replace_text
from hifred.sweep.executors.slurm.job_queue import seconds_left
from hifred.sweep.executors.slurm.network import ipv4_interfaces

QUESTION, ANSWER = "question.json", "answer.json"


@final
@dataclass(frozen=True)
class NodeQuestion:
    """What a node is asked.

    Parameters
    ----------
    local_directory : str
        Where its workers would have their scratch.
    address : (str, int)
        Host and port of a listener with the certificate beside the question.
    """

    local_directory: str
    address: tuple[str, int]


@final
@dataclass(frozen=True)
class NodeAnswer:
    """What a node sees; each probe says ``ok`` or what went wrong.

    Parameters
    ----------
    time : float, s since 1970
    host, version : str
        Its name, and that of the hifred there.
    interfaces : list of str
        Network interfaces with an IPv4 address.
    link, scratch, connect, squeue : str
        Hard links in the shared directory, the scratch, TLS to the listener, the queue.
    """

    time: float
    host: str
    version: str
    interfaces: list[str]
    link: str
    scratch: str
    connect: str
    squeue: str


_QUESTION = TypeAdapter(NodeQuestion)
_ANSWER = TypeAdapter(NodeAnswer)


def write_question(question: NodeQuestion, folder: Path) -> None:
    """Leave `question` in `folder`, which a node sees too."""
    replace_text(folder / QUESTION, json.dumps(asdict(question)))


def read_answer(folder: Path) -> NodeAnswer | None:
    """Return a node's answer, once it is there."""
    try:
        return _ANSWER.validate_json((folder / ANSWER).read_bytes())
    except FileNotFoundError:
        return None


def probe_node(question: NodeQuestion, folder: Path) -> NodeAnswer:
    """Return what this node sees.

    Parameters
    ----------
    question : NodeQuestion
    folder : Path
        The shared directory that holds the question.
    """
    return NodeAnswer(
        time=time.time(),
        host=os.environ.get("SLURMD_NODENAME", socket.gethostname()),
        version=__version__,
        interfaces=sorted(ipv4_interfaces()),
        link=_say(lambda: _link_and_rename(folder)),
        scratch=_say(lambda: _write_scratch(question.local_directory)),
        connect=_say(lambda: _connect(question.address, folder)),
        squeue=_say(_ask_queue),
    )


def _say(check: Callable[[], str]) -> str:
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


def _write_scratch(text: str) -> str:
    local = Path(os.path.expandvars(text))
    if "$" in str(local):
        # Dask would make a folder of that name where it stands.
        return f"{text} names a variable that is not set there"
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
    question = _QUESTION.validate_json((folder / QUESTION).read_bytes())
    answer = probe_node(question, folder)
    replace_text(folder / ANSWER, json.dumps(asdict(answer)))


if __name__ == "__main__":
    main()
