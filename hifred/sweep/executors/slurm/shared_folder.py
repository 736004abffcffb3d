"""Ask a node, through a small job, what it sees."""

import shutil
import socket
import ssl
import threading
import time
import uuid
from pathlib import Path

from distributed.utils import get_ip_interface

from hifred.errors import HifredError
from hifred.settings import ByteSize, Duration
from hifred.sweep.executors.config import SlurmConfig
from hifred.sweep.executors.slurm import job_queue, tls
from hifred.sweep.executors.slurm.joblog import last_lines
from hifred.sweep.executors.slurm.node_probe import (
    NodeAnswer,
    NodeQuestion,
    read_answer,
    write_question,
)
from hifred.sweep.executors.slurm.script import JobRequest, check_path, directives
from hifred.sweep.executors.slurm.shell_words import python_words, shell_word

_WAIT_SECONDS = 300.0


def ask_node(
    config: SlurmConfig, folder: Path, wait_seconds: float = _WAIT_SECONDS
) -> tuple[NodeAnswer, float]:
    """Return a node's answer, and by how much its clock is ahead (s).

    Raises
    ------
    HifredError
        If no answer comes in time.
    """
    place = folder.resolve() / f"hifred-doctor-{uuid.uuid4().hex[:6]}"
    check_path("directory", place)
    tls.write_certificates(place)
    interface = config.scheduler_interface or config.interface
    try:
        with _Listener(get_ip_interface(interface), place) as listener:
            question = NodeQuestion(config.local_directory, listener.address)
            write_question(question, place)
            return _run_probe(config, place, wait_seconds)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _run_probe(
    config: SlurmConfig, place: Path, wait_seconds: float
) -> tuple[NodeAnswer, float]:
    log = place / "probe"
    request = JobRequest(
        "hifred-doctor", log, config.threads, ByteSize.of_gib(1), Duration(300)
    )
    python = " ".join(python_words(config))
    module = "hifred.sweep.executors.slurm.node_probe"
    command = f"{python} -m {module} {shell_word(str(place))}"
    header = directives(config, request, ["--no-requeue"])
    lines = ["#!/usr/bin/env bash", *header, *config.prologue, command, ""]
    job_id = job_queue.submit_script("\n".join(lines))
    deadline = time.monotonic() + wait_seconds
    while time.monotonic() < deadline:
        if (answer := read_answer(place)) is not None:
            # The file's own time is the file server's; its arrival is ours.
            return answer, answer.time - time.time()
        if job_id not in job_queue.list_jobs("hifred-doctor"):
            time.sleep(2)  # a network file system shows a new file late
            if read_answer(place) is None:
                raise HifredError(_ended_silently(job_id, log))
        time.sleep(0.5)
    job_queue.cancel_jobs([job_id])
    message = (
        f"a node must answer in {wait_seconds:.0f} s; job {job_id} did not. The queue "
        f"may be full (`squeue --me`); try again, or use --no-job."
    )
    raise HifredError(message)


def _ended_silently(job_id: str, log: Path) -> str:
    return (
        f"the probe job must leave an answer in {log.parent}; job {job_id} ended "
        f"({job_queue.why_ended(job_id)}) without. Choose a directory on a shared file "
        f"system, and check prologue and python. {last_lines(log, job_id)}"
    )


class _Listener:
    """Says ok, under TLS, to whoever has the certificate."""

    def __init__(self, host: str, place: Path) -> None:
        certificate = str(place / "certificate.pem")
        self._context = ssl.create_default_context(
            ssl.Purpose.CLIENT_AUTH, cafile=certificate
        )
        self._context.verify_mode = ssl.CERT_REQUIRED
        self._context.load_cert_chain(certificate, str(place / "key.pem"))
        self._socket = socket.create_server((host, 0))
        self.address = self._socket.getsockname()[:2]

    def __enter__(self) -> "_Listener":
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                plain, _ = self._socket.accept()
                with self._context.wrap_socket(plain, server_side=True) as secure:
                    secure.sendall(b"ok")
            except ssl.SSLError:
                continue
            except OSError:
                return
